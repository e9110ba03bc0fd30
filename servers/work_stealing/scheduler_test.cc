// Work stealing between threads.
#include "servers/work_stealing/scheduler.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <semaphore>
#include <utility>
#include <vector>

#include "servers/coroutine/task.h"
#include "servers/counters.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

constexpr std::chrono::seconds kTimeout{10};

struct Pair {
  Pair() {
    int ends[2];
    net::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), "socketpair");
    near.reset(ends[0]);
    far.reset(ends[1]);
  }
  void write() const { net::check(static_cast<int>(::write(far.get(), "x", 1)), "write"); }

  net::Descriptor near;
  net::Descriptor far;
};

Task when_readable(Scheduler& scheduler, net::Descriptor owned, std::function<void()> then) {
  ScheduledSocket socket(scheduler, owned.get());
  if (co_await socket.ready(Connection::Next::kRead)) {
    then();
  }
}

class SchedulerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { share_totals(); }
};

// Two coroutines that block until the other one runs, so they need two threads.
struct Meeting {
  // Called by side 0 or 1.
  void attend(std::size_t side) {
    came[1 - side].release();
    met[side] = came[side].try_acquire_for(kTimeout);
    ended.release();
  }

  std::array<std::binary_semaphore, 2> came{std::binary_semaphore(0), std::binary_semaphore(0)};
  std::array<bool, 2> met{};
  std::counting_semaphore<2> ended{0};
};

// Would catch: a coroutine stays in the queue of a busy thread while another is idle, because no thread steals or the
// idle one is not woken. Both coroutines wait for the same socket by two descriptors, so one thread usually gets both
// events.
TEST_F(SchedulerTest, IdleThreadStealsFromBusyOne) {
  Scheduler scheduler(2);
  const WorkerThreads workers(2, [&scheduler](int worker) { scheduler.work(worker); });
  bool met = true;
  for (int round = 0; round < 300 && met; ++round) {
    Pair pair;
    net::Descriptor same(net::check(::fcntl(pair.near.get(), F_DUPFD_CLOEXEC, 0), "fcntl"));
    Meeting meeting;
    when_readable(scheduler, std::move(pair.near), [&meeting] { meeting.attend(0); }).start();
    when_readable(scheduler, std::move(same), [&meeting] { meeting.attend(1); }).start();
    pair.write();
    meeting.ended.acquire();
    meeting.ended.acquire();
    met = meeting.met[0] && meeting.met[1];
  }
  scheduler.close();
  EXPECT_TRUE(met);
}

// Would catch: close() does not wake all workers, and the last sleeps for ever.
TEST_F(SchedulerTest, CloseWakesAllWorkers) {
  for (int round = 0; round < 100; ++round) {
    Scheduler scheduler(8);
    const WorkerThreads workers(8, [&scheduler](int worker) { scheduler.work(worker); });
    scheduler.close();
  }
}

// Would catch: an event resumes a coroutine twice or never while it migrates between threads. Each must resume exactly
// as often as its peer writes.
Task count_bytes(Scheduler& scheduler, net::Descriptor owned, int bytes, std::atomic<int>& received,
                 std::counting_semaphore<>& ended) {
  {
    ScheduledSocket socket(scheduler, owned.get());
    for (int i = 0; i < bytes; ++i) {
      co_await socket.ready(Connection::Next::kRead);
      char byte = 0;
      received += static_cast<int>(::read(owned.get(), &byte, 1));
    }
  }
  ended.release();
}

TEST_F(SchedulerTest, EveryEventResumesOnce) {
  constexpr int kCoroutines = 50;
  constexpr int kBytes = 100;
  Scheduler scheduler(4);
  std::vector<Pair> pairs(kCoroutines);
  std::atomic<int> received{0};
  std::counting_semaphore<> ended{0};
  const WorkerThreads workers(4, [&scheduler](int worker) { scheduler.work(worker); });
  for (Pair& pair : pairs) {
    count_bytes(scheduler, std::move(pair.near), kBytes, received, ended).start();
  }
  for (int i = 0; i < kBytes; ++i) {
    for (const Pair& pair : pairs) {
      pair.write();
    }
  }
  for (int i = 0; i < kCoroutines; ++i) {
    ended.acquire();
  }
  scheduler.close();
  EXPECT_EQ(received, kCoroutines * kBytes);
}

}  // namespace
}  // namespace fanin::server
