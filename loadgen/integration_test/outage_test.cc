// Whole runs in which memory runs out, or the server goes away or stands still.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>

#include "loadgen/drivers/load_thread.h"
#include "loadgen/integration_test/run_fixture.h"
#include "loadgen/reports/verdict.h"
#include "protocols/options.h"
#include "protocols/registry.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

class OutageTest : public DriverTest {};

// Makes connect() fail with `error` in this thread and in those that it starts.
void forbid_connecting(int error) {
  sock_filter program[]{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{4, program};
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
  check(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "prctl");
}

// Would catch: memory running out taken for ports or descriptors running out. The kernel's limit on the memory of
// sockets holds for the whole machine, so a filter of system calls pretends that it is reached.
TEST_P(OutageTest, MemoryThatRunsOutIsNamed) {
  TestServer server(Behaviour::kCloseAtOnce);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.use_protocol("greet",
                    [] { return find_protocol("greet").make_client({}); });  // connects when the request is due
  for (const int error : {ENOMEM, ENOBUFS}) {
    LoadResult result;
    std::thread([&] {
      forbid_connecting(error);
      result = run(plan);
    }).join();
    expect_accounted_for(result);
    EXPECT_GT(result.failed, 0U);
    EXPECT_EQ(result.request_errors[ErrorKind::kNoMemory], result.failed);
    EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
  }
}

// Would catch: a valid closed loop whose server has gone: it sends nothing any more, so no request fails.
TEST_P(OutageTest, AServerThatIsGoneMakesTheResultInvalid) {
  auto server = std::make_optional<TestServer>(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server->address(), GetParam());
  plan.warmup = milliseconds(50);
  plan.duration = milliseconds(300);
  struct Killer : RunListener {
    explicit Killer(std::optional<TestServer>& its_server) : server(its_server) {}
    void window_opened(TimePoint) override { server.reset(); }
    std::optional<TestServer>& server;
  } killer(server);
  const LoadResult result = run(plan, {&killer});
  expect_accounted_for(result);
  EXPECT_GT(result.downtime.lost, Nanoseconds(0));
  EXPECT_GT(result.downtime.unreachable, Nanoseconds(0));
  EXPECT_TRUE(result.downtime.at_end);
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

// Would catch: a server that stands still for most of the window, in a closed loop that sends nothing meanwhile.
TEST_P(OutageTest, AServerThatStandsStillIsNoticed) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.warmup = milliseconds(50);
  plan.duration = milliseconds(1000);
  struct Staller : RunListener {
    explicit Staller(TestServer& its_server) : server(its_server) {}
    void window_opened(TimePoint) override { server.stall(); }
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kDraining || progress.elapsed > milliseconds(500)) {
        server.resume();
      }
    }
    TestServer& server;
  } staller(server);
  const LoadResult result = run(plan, {&staller});
  expect_accounted_for(result);
  ASSERT_FALSE(result.silences.empty());
  EXPECT_GT(*std::max_element(result.silences.begin(), result.silences.end()), milliseconds(100));
  EXPECT_EQ(result.silence_at_end, Nanoseconds(0));
  EXPECT_EQ(result.downtime.lost, Nanoseconds(0));
}

// Would catch: a server that stands still for ever, and a result that only has a few unanswered requests.
TEST_P(OutageTest, AServerThatStandsStillForEverMakesTheResultInvalid) {
  TestServer server(Behaviour::kEchoes);
  LoadPlan plan = plan_for(server.address(), GetParam());
  plan.warmup = milliseconds(50);
  plan.duration = milliseconds(600);
  plan.timeout = milliseconds(700);
  struct Staller : RunListener {
    explicit Staller(TestServer& its_server) : server(its_server) {}
    void progress(const Progress& progress) override {
      if (progress.phase == Progress::Phase::kWindow && progress.completed > 0) {
        server.stall();
      }
    }
    TestServer& server;
  } staller(server);
  const LoadResult result = run(plan, {&staller});
  server.resume();
  expect_accounted_for(result);
  EXPECT_GT(result.completed, 0U);
  EXPECT_GT(result.unanswered_time, plan.connections * milliseconds(50));
  EXPECT_GT(result.silence_at_end, Nanoseconds(0));
  EXPECT_EQ(decide_verdict(plan, result).status, Status::kInvalid);
}

INSTANTIATE_TEST_SUITE_P(All, OutageTest, kAllDrivers, driver_test_name);

}  // namespace
}  // namespace fanin::load
