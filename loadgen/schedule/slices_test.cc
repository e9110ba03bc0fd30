#include "loadgen/schedule/slices.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <string>

#include "loadgen/experiments/slice_comparison.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

TimePoint instant(int ms) { return TimePoint(milliseconds(ms)); }

Window make_window(int open_ms, int close_ms) { return {instant(0), instant(open_ms), instant(close_ms)}; }

SlicePlan slice_plan(unsigned targets, unsigned own) { return {milliseconds(20), milliseconds(2), targets, own}; }

TEST(SlicePlan, InterleavesForthAndBack) {
  const auto owners = [](unsigned targets) {
    std::string text;
    for (std::uint64_t i = 0; i < 9; ++i) {
      text += static_cast<char>('A' + slice_plan(targets, 0).owner(i));
    }
    return text;
  };
  EXPECT_EQ(owners(2), "ABBAABBAA");
  EXPECT_EQ(owners(3), "ABCCBAABC");
  EXPECT_EQ(owners(1), "AAAAAAAAA");
}

// The second of two: slices 1 and 2 (20 to 60 ms), then 5 and 6.
TEST(Slices, OnlyThoseOfTheTargetAreOpen) {
  Slices slices(slice_plan(2, 1));
  slices.begin(make_window(0, 200), nullptr);
  EXPECT_FALSE(slices.open(instant(0)));
  EXPECT_EQ(slices.next_begin(), instant(20));
  EXPECT_TRUE(slices.open(instant(20)));
  EXPECT_TRUE(slices.open(instant(59)));
  EXPECT_FALSE(slices.open(instant(60)));
  EXPECT_EQ(slices.next_begin(), instant(100));
  EXPECT_TRUE(slices.open(instant(139)));
}

// Would catch: slices that count from the planned opening although the window opens earlier.
TEST(Slices, CountFromWhenTheWindowOpens) {
  Slices slices(slice_plan(2, 0));
  slices.begin(make_window(1000, 1200), nullptr);
  EXPECT_TRUE(slices.open(instant(65)));
  slices.move_window(make_window(50, 250));  // the slice from 60 ms on counts, and is open already
  slices.move_window(make_window(50, 250));
  EXPECT_TRUE(slices.open(instant(225)));
  std::vector<std::uint64_t> numbers;
  for (const Slice& slice : slices.all()) {
    numbers.push_back(slice.number);
  }
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{3, 4, 7, 8, 11}));
}

// Would catch: requests in flight at the end of a slice counted in the other target's slice, or in none.
TEST(Slices, ARequestBelongsToTheSliceThatSentIt) {
  Slices slices(slice_plan(2, 0));
  slices.begin(make_window(0, 200), nullptr);
  EXPECT_TRUE(slices.open(instant(1)));
  slices.completed(instant(1));  // cut
  slices.completed(instant(2));
  EXPECT_FALSE(slices.open(instant(20)));
  slices.completed(instant(17));  // its reply came late
  slices.completed(instant(18));  // cut
  EXPECT_TRUE(slices.open(instant(60)));
  slices.completed(instant(70));
  ASSERT_EQ(slices.all().size(), 2U);
  EXPECT_EQ(slices.all()[0].completed, 2U);
  EXPECT_EQ(slices.all()[1].number, 3U);
  EXPECT_EQ(slices.all()[1].completed, 1U);
}

TEST(Slices, ThoseOutsideTheWindowDoNotCount) {
  Slices slices(slice_plan(2, 0));
  slices.begin(make_window(30, 90), nullptr);
  for (int ms = 0; ms < 200; ++ms) {
    if (slices.open(instant(ms))) {
      slices.completed(instant(ms));
    }
  }
  ASSERT_EQ(slices.all().size(), 1U);  // 60 to 80 ms
  EXPECT_EQ(slices.all()[0].completed, 16U);
}

// Would catch: 0 or a negative CPU time for a slice with one border unread, because the loop was preempted throughout
// or the run was interrupted.
TEST(Slices, ServerCpuIsNotKnownWithoutBothReadings) {
  const ProcessClock clock({::getpid()});
  Slices slices(slice_plan(1, 0));
  slices.begin(make_window(0, 200), &clock);
  for (const int ms : {2, 18, 22}) {  // of the first slice, and the beginning of the second
    slices.open(instant(ms));
    slices.tick(instant(ms));
  }
  slices.open(instant(39));
  slices.tick(instant(39));  // the second is over
  slices.open(instant(59));
  slices.tick(instant(59));  // both borders of the third
  slices.tick(instant(59));
  slices.open(instant(62));
  slices.tick(instant(62));  // the fourth is never left
  ASSERT_EQ(slices.all().size(), 4U);
  EXPECT_TRUE(slices.all()[0].server_cpu);
  EXPECT_TRUE(slices.all()[1].server_cpu);
  EXPECT_FALSE(slices.all()[2].server_cpu);
  EXPECT_FALSE(slices.all()[3].server_cpu);
}

Slice slice(std::uint64_t number, std::uint64_t completed, int cpu_ms = 0) {
  return {.number = number,
          .begin = instant(0),
          .end = instant(10),
          .completed = completed,
          .server_cpu = milliseconds(cpu_ms)};
}

// Expected: 220/200 and 242/220, so the log ratio is that of 1.1 in either walk.
TEST(SliceComparison, TakesTheMeanOfBothWalks) {
  const SliceComparison comparison =
      compare_slices({slice(0, 200, 2), slice(3, 220, 2)}, {slice(1, 220, 4), slice(2, 242, 4)}, 2);
  EXPECT_EQ(comparison.blocks, 1U);
  EXPECT_EQ(comparison.reason, "");
  ASSERT_TRUE(comparison.throughput);
  EXPECT_NEAR(comparison.throughput->estimate, 1.1, 1e-12);
  EXPECT_FALSE(comparison.throughput->interval);
  ASSERT_TRUE(comparison.cpu_per_request);
  EXPECT_NEAR(comparison.cpu_per_request->estimate, 2 / 1.1, 1e-12);
}

// Would catch: a drift taken for a difference. The machine gets slower by 10 per slice.
TEST(SliceComparison, ALinearDriftCancelsOut) {
  std::vector<Slice> first;
  std::vector<Slice> second;
  for (std::uint64_t i = 0; i < 80; ++i) {
    (slice_plan(2, 0).owner(i) == 0 ? first : second).push_back(slice(i, 10'000 - 10 * i));
  }
  const SliceComparison comparison = compare_slices(first, second, 2);
  EXPECT_EQ(comparison.blocks, 20U);
  EXPECT_NEAR(comparison.throughput->estimate, 1, 1e-5);
  EXPECT_TRUE(comparison.throughput->interval);
}

// Would also catch: no ratio, and no reason for that.
TEST(SliceComparison, BlocksWithoutRepliesAndCutOffOnesAreLeftOut) {
  const SliceComparison comparison =
      compare_slices({slice(0, 0), slice(3, 5), slice(4, 5)}, {slice(1, 5), slice(2, 5)}, 2);
  EXPECT_EQ(comparison.blocks, 1U);
  EXPECT_EQ(comparison.skipped, 1U);
  EXPECT_FALSE(comparison.throughput);
  EXPECT_EQ(comparison.reason,
            "in no block did both targets complete a request in every slice: give a longer --interleave");
  EXPECT_EQ(compare_slices({slice(0, 5)}, {slice(1, 5)}, 2).reason,
            "the window holds no complete block: give a longer --duration");
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
