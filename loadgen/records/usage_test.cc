#include "loadgen/records/usage.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <memory>

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

void burn(Nanoseconds cpu) {
  const Nanoseconds until = net::thread_cpu_time() + cpu;
  while (net::thread_cpu_time() < until) {
  }
}

TEST(UsageMeter, TakesTheWindowAndNothingElse) {
  UsageMeter meter;
  const TimePoint open = net::now() + std::chrono::hours(1);
  const TimePoint close = open + std::chrono::hours(1);
  burn(std::chrono::milliseconds(5));
  meter.tick(net::now(), open, close);
  meter.tick(open, open, close);
  burn(std::chrono::milliseconds(5));
  meter.tick(close, open, close);
  const Nanoseconds used = meter.cpu();
  EXPECT_GE(used, std::chrono::milliseconds(5));
  burn(std::chrono::milliseconds(5));
  meter.stop();
  EXPECT_EQ(meter.cpu(), used);
}

TEST(UsageMeter, AWindowThatNeverOpenedUsedNothing) {
  UsageMeter meter;
  meter.stop();
  EXPECT_EQ(meter.utilisation(Nanoseconds(0), Nanoseconds(0)), std::nullopt);
}

// Would catch: "busiest thread 104 % of a CPU" of a thread that was blocked over both borders of the window, whose two
// readings are as good as one.
TEST(UsageMeter, AThreadThatBlocksOverTheWindowDidNotUseIt) {
  UsageMeter meter;
  meter.tick(TimePoint{}, TimePoint::max(), TimePoint::max());
  const TimePoint open{std::chrono::seconds(1)};
  const TimePoint close = open + std::chrono::hours(1);
  meter.tick(close + std::chrono::seconds(2), open, close);
  EXPECT_LT(*meter.utilisation(close - open, Nanoseconds(0)), 0.5);
}

// Would catch: what a loop spins away taken for work, and more than the whole of a CPU.
TEST(UsageMeter, UtilisationIsWorkOverTheWindow) {
  UsageMeter meter;
  meter.tick(TimePoint{}, TimePoint{}, TimePoint::max());
  burn(std::chrono::milliseconds(2));
  meter.stop();
  EXPECT_EQ(*meter.utilisation(2 * meter.cpu(), Nanoseconds(0)), 0.5);
  EXPECT_EQ(*meter.utilisation(2 * meter.cpu(), meter.cpu()), 0);
  EXPECT_EQ(*meter.utilisation(meter.cpu() / 2, Nanoseconds(0)), 1);
}

TEST(UsageMeter, ReadsTheWaitForACpu) {
  EXPECT_EQ(parse_schedstat("5139410 1027342 35\n").value().cpu, Nanoseconds(5'139'410));
  EXPECT_EQ(parse_schedstat("5139410 1027342 35\n").value().run_queue_wait, Nanoseconds(1'027'342));
  EXPECT_EQ(parse_schedstat("5139410 0 35\n").value().run_queue_wait, Nanoseconds(0));
}

// Would catch: 0 where the kernel does not count, or the file could not be read.
TEST(UsageMeter, AWaitThatNobodyCountedIsNotZero) {
  for (const char* text : {"", "\n", "0 0 0\n", "12\n", "12 x 3", "12 34"}) {
    EXPECT_FALSE(parse_schedstat(text)) << text;
  }
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  UsageMeter meter;
  meter.tick(TimePoint{}, TimePoint{}, TimePoint::max());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  meter.stop();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(meter.run_queue_wait(), std::nullopt);
}

TEST(ProcessUsage, GrowsWithWork) {
  const ProcessUsage before = process_usage();
  burn(std::chrono::milliseconds(20));
  const ProcessUsage used = process_usage() - before;
  EXPECT_GE(used.cpu_user + used.cpu_system, std::chrono::milliseconds(19));
  EXPECT_GT(used.max_rss_bytes, 0U);
}

std::unique_ptr<ServerMeter> open_meter_of_this_process() {
  auto meter = std::make_unique<ServerMeter>(std::vector<pid_t>{::getpid()});
  meter->discover();
  meter->open();
  return meter;
}

// A child that works after a byte from its parent, and then sleeps until it is killed.
class WorkingChild {
 public:
  WorkingChild() {
    EXPECT_EQ(::pipe(pipe_), 0);
    child_ = ::fork();
    if (child_ == 0) {
      char byte{};
      (void)!::read(pipe_[0], &byte, 1);
      burn(std::chrono::milliseconds(200));
      ::pause();
      ::_exit(0);
    }
  }
  WorkingChild(const WorkingChild&) = delete;
  WorkingChild& operator=(const WorkingChild&) = delete;
  ~WorkingChild() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }

  void work() const { EXPECT_EQ(::write(pipe_[1], "w", 1), 1); }

 private:
  int pipe_[2] = {-1, -1};
  pid_t child_ = -1;
};

// Ends when the work of the child is seen; where it never is, the test runs into its time limit.
std::optional<ServerUsage> close(ServerMeter& meter) {
  meter.close();
  return meter.usage();
}

ServerUsage wait_for_work(ServerMeter& meter) {
  const Nanoseconds before = net::process_cpu_time();
  std::optional<ServerUsage> usage;
  do {
    usage = close(meter);
  } while (usage && usage->cpu - (net::process_cpu_time() - before) < std::chrono::milliseconds(100));
  return usage.value();
}

// Would catch: a server of many processes whose children's work is not seen.
TEST(ServerMeter, ChildrenCount) {
  const WorkingChild child;
  const auto meter = open_meter_of_this_process();
  child.work();
  const ServerUsage usage = wait_for_work(*meter);
  EXPECT_GE(usage.threads, 2U);
  EXPECT_GE(usage.cpus, 1U);
}

// Would catch: a window of a server that forks for each connection, without the children that were not there before.
TEST(ServerMeter, ChildrenThatBeganWithinTheWindowCount) {
  const auto meter = open_meter_of_this_process();
  const WorkingChild child;
  child.work();
  wait_for_work(*meter);
}

// Would catch: what the children used before the window counted as used in it.
TEST(ServerMeter, WorkBeforeTheWindowDoesNotCount) {
  const WorkingChild child;
  ServerMeter meter({::getpid()});
  meter.discover();
  child.work();
  const ProcessClock clock({::getpid()});
  const Nanoseconds before = clock.read().value() - net::process_cpu_time();
  while (clock.read().value() - net::process_cpu_time() - before < std::chrono::milliseconds(195)) {
  }
  meter.open();
  EXPECT_LT(close(meter).value().cpu, std::chrono::milliseconds(100));
}

// Would catch: use in ticks of 10 ms, of which a window of some milliseconds has none or one: "0 % of its CPU" or 100
// %.
TEST(ServerMeter, IsExactForAShortWindow) {
  const auto meter = open_meter_of_this_process();
  burn(std::chrono::milliseconds(3));
  const Nanoseconds cpu = close(*meter).value().cpu;
  EXPECT_GE(cpu, std::chrono::milliseconds(3));
  EXPECT_NE(cpu % std::chrono::milliseconds(1), Nanoseconds(0));
}

// The bug: a worker that had used less than a tick ended in the window, the server had used -1.5 ms, and no program
// read the result any more.
TEST(ServerUsage, AReapedChildIsNoNegativeTime) {
  using std::chrono::milliseconds;
  EXPECT_EQ(usage_between({.cpu = milliseconds(12)}, {.cpu = milliseconds(10)}).cpu, Nanoseconds(0));
  EXPECT_EQ(usage_between({.cpu = milliseconds(10)}, {.cpu = milliseconds(30)}).cpu, milliseconds(20));
}

// Would catch: the wait of a helper thread that hardly works, or of a thread that began within the window.
TEST(ServerUsage, TheThreadThatWorksMostSaysHowLongTheServerWaited) {
  const ServerUsage before{.tasks = {{1, milliseconds(10), milliseconds(5)}, {2, milliseconds(10), milliseconds(5)}}};
  const ServerUsage after{
      .cpus = 1,
      .tasks = {{1, milliseconds(11), milliseconds(90)}, {2, milliseconds(80), milliseconds(35)}, {3, {}, {}}}};
  EXPECT_EQ(usage_between(before, after).run_queue_wait, milliseconds(30));
}

// Would catch: a busy machine seen in every server of more threads than CPUs, whose threads wait for each other.
TEST(ServerUsage, ThreadsThatShareACpuWaitForEachOther) {
  const ServerUsage before{.tasks = {{1, {}, {}}, {2, {}, {}}}};
  ServerUsage after{.cpus = 1,
                    .tasks = {{1, milliseconds(40), milliseconds(50)}, {2, milliseconds(50), milliseconds(40)}}};
  EXPECT_EQ(usage_between(before, after).run_queue_wait, std::nullopt);
  after.cpus = 2;
  EXPECT_EQ(usage_between(before, after).run_queue_wait, milliseconds(40));
  EXPECT_EQ(usage_between({}, {}).run_queue_wait, std::nullopt);
}

// Would catch: a server whose threads are not read at all.
TEST(ServerMeter, ReadsTheThreadsOfAProcess) {
  const auto meter = open_meter_of_this_process();
  burn(milliseconds(3));
  EXPECT_TRUE(close(*meter).value().run_queue_wait);
}

TEST(ServerMeter, NoSuchProcessIsNothing) {
  ServerMeter meter({1 << 30});
  meter.discover();
  meter.open();
  EXPECT_FALSE(close(meter));
}

TEST(ProcessClock, AdvancesWithTheProcess) {
  const ProcessClock clock({::getpid()});
  const Nanoseconds before = clock.read().value();
  double sink = 0;
  while (clock.read() == before) {
    sink += std::sqrt(sink + 1);
  }
  EXPECT_GT(clock.read(), before);
}

// Would catch: the clock of a missing process, which stands still, so that the server seems to cost nothing.
TEST(ProcessClock, NeedsAProcess) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_THROW(ProcessClock({child}), std::invalid_argument);
}

// The bug: a server that was killed had used less at the end of a slice than at its beginning: "-75076 ns" per request.
TEST(ProcessClock, IsUnknownOnceAProcessHasEnded) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const ProcessClock clock({::getpid(), child});
  EXPECT_TRUE(clock.read());
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(clock.read());
}

}  // namespace
}  // namespace fanin::load
