#include "loadgen/schedule/slices.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "loadgen/experiments/slice_comparison.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

TimePoint instant(int ms) { return TimePoint(milliseconds(ms)); }

Window make_window(int open_ms, int close_ms) { return {instant(0), instant(open_ms), instant(close_ms)}; }

SlicePlan slice_plan(unsigned targets, unsigned own) { return {milliseconds(20), milliseconds(2), targets, own}; }

// The owner of each slice of the first blocks.
std::vector<unsigned> owners(unsigned targets, std::size_t blocks) {
  std::vector<unsigned> found;
  for (std::uint64_t number = 0; number < 2 * targets * blocks; ++number) {
    for (unsigned target = 0; target < targets; ++target) {
      if (slice_plan(targets, target).owns(number)) {
        found.push_back(target);
      }
    }
  }
  return found;
}

TEST(SlicePlan, EachBlockWalksOverAllTargetsAndBack) {
  for (const unsigned targets : {1U, 2U, 3U, 9U}) {
    constexpr std::size_t kBlocks = 50;
    const std::vector<unsigned> all = owners(targets, kBlocks);
    ASSERT_EQ(all.size(), 2 * targets * kBlocks);
    for (std::size_t block = 0; block < kBlocks; ++block) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(block * 2 * targets);
      const std::vector<unsigned> forth(begin, begin + targets);
      EXPECT_EQ(std::set<unsigned>(forth.begin(), forth.end()).size(), targets);
      EXPECT_TRUE(std::equal(forth.rbegin(), forth.rend(), begin + targets));
    }
  }
}

// Would catch: one target that is always first, which biases a comparison of like servers. Each of 3 targets is first
// in a third of 3,000 blocks, within four standard deviations (103).
TEST(SlicePlan, TheOrderIsDrawnForEachBlock) {
  const std::vector<unsigned> all = owners(3, 3'000);
  std::array<int, 3> first{};
  for (std::size_t i = 0; i < all.size(); i += 6) {
    ++first[all[i]];
  }
  for (const int times : first) {
    EXPECT_NEAR(times, 1'000, 103);
  }
}

// Would catch: slices that lock to the kernel's tick. Borders lie within a tenth of the length, on both sides.
TEST(SlicePlan, TheBordersAreJittered) {
  const SlicePlan plan = slice_plan(2, 0);
  EXPECT_EQ(plan.begin_of(0), milliseconds(0));
  Nanoseconds least = milliseconds(20);
  Nanoseconds most{0};
  for (std::uint64_t number = 1; number < 1'000; ++number) {
    const Nanoseconds off = plan.begin_of(number) - number * milliseconds(20);
    least = std::min(least, off);
    most = std::max(most, off);
  }
  EXPECT_GE(least, -milliseconds(2));
  EXPECT_LT(least, -std::chrono::microseconds(1'900));
  EXPECT_LE(most, milliseconds(2));
  EXPECT_GT(most, std::chrono::microseconds(1'900));
}

// The slices of one target until `end_ms`, by their definition.
std::vector<std::pair<TimePoint, TimePoint>> expected_slices(const SlicePlan& plan, int end_ms) {
  std::vector<std::pair<TimePoint, TimePoint>> slices;
  for (std::uint64_t number = 0; instant(0) + plan.begin_of(number) < instant(end_ms); ++number) {
    if (plan.owns(number)) {
      slices.emplace_back(instant(0) + plan.begin_of(number), instant(0) + plan.begin_of(number + 1));
    }
  }
  return slices;
}

TEST(Slices, OnlyThoseOfTheTargetAreOpen) {
  const SlicePlan plan = slice_plan(3, 1);
  Slices slices(plan);
  slices.begin(make_window(0, 2'000), nullptr);
  TimePoint previous_end{};
  for (const auto& [begin, end] : expected_slices(plan, 2'000)) {
    EXPECT_EQ(slices.open(begin - Nanoseconds(1)), begin == previous_end);  // two slices in a row
    EXPECT_TRUE(slices.open(begin));
    EXPECT_EQ(slices.next_begin(), begin);
    EXPECT_TRUE(slices.open(end - Nanoseconds(1)));
    previous_end = end;
  }
}

// Would catch: slices that count from the planned opening although the window opens earlier.
TEST(Slices, CountFromWhenTheWindowOpens) {
  const SlicePlan plan = slice_plan(2, 0);
  Slices slices(plan);
  slices.begin(make_window(1'000, 1'200), nullptr);
  EXPECT_FALSE(slices.open(instant(-1)));
  slices.move_window(make_window(50, 250));
  slices.move_window(make_window(50, 250));
  for (int ms = 50; ms < 300; ++ms) {
    slices.open(instant(ms));
  }
  std::vector<TimePoint> begins;
  for (const auto& [begin, end] : expected_slices(plan, 300)) {
    if (begin >= instant(50) && end <= instant(250)) {
      begins.push_back(begin + plan.cut);
    }
  }
  std::vector<TimePoint> counted;
  for (const Slice& slice : slices.all()) {
    counted.push_back(slice.begin);
  }
  EXPECT_EQ(counted, begins);
}

// Would catch: requests in flight at the end of a slice counted in the other target's slice, or in none.
TEST(Slices, ARequestBelongsToTheSliceThatSentIt) {
  const SlicePlan plan = slice_plan(2, 0);
  Slices slices(plan);
  slices.begin(make_window(0, 400), nullptr);
  const auto all = expected_slices(plan, 400);
  const auto [begin, end] = all[0];
  EXPECT_TRUE(slices.open(begin));
  slices.completed(begin + milliseconds(1));  // cut
  slices.completed(begin + milliseconds(2));
  slices.open(end);
  slices.completed(end - milliseconds(3));  // its reply came late
  slices.completed(end - milliseconds(1));  // cut
  slices.open(all[1].first);
  slices.completed(all[1].first + milliseconds(5));
  ASSERT_EQ(slices.all().size(), 2U);
  EXPECT_EQ(slices.all()[0].completed, 2U);
  EXPECT_EQ(slices.all()[1].completed, 1U);
}

TEST(Slices, ThoseOutsideTheWindowDoNotCount) {
  const SlicePlan plan = slice_plan(2, 0);
  Slices slices(plan);
  slices.begin(make_window(30, 190), nullptr);
  std::uint64_t inside = 0;
  for (const auto& [begin, end] : expected_slices(plan, 400)) {
    inside += begin >= instant(30) && end <= instant(190) ? 1 : 0;
  }
  for (int ms = 0; ms < 400; ++ms) {
    if (slices.open(instant(ms))) {
      slices.completed(instant(ms));
    }
  }
  ASSERT_EQ(slices.all().size(), inside);
  // One request each millisecond: at most one more or less in each slice.
  EXPECT_NEAR(static_cast<double>(sum_counted(slices.all()) / milliseconds(1)),
              static_cast<double>(sum_completed(slices.all())), static_cast<double>(inside));
}

// Active time leaves out the pauses between a target's slices: a schedule that runs in it is due in slices alone.
TEST(Slices, ActiveTimeLeavesOutPauses) {
  const SlicePlan plan = slice_plan(2, 0);
  Slices slices(plan);
  slices.begin(make_window(0, 1'000), nullptr);
  const auto all = expected_slices(plan, 1'000);
  Nanoseconds before{0};
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const auto [begin, end] = all[i];
    ASSERT_TRUE(slices.open(begin));
    EXPECT_EQ(slices.time_of(before + milliseconds(3)), begin + milliseconds(3));
    EXPECT_EQ(slices.next_due(before - milliseconds(1)), begin);  // a backlog of the slice before
    EXPECT_EQ(slices.next_due(before + milliseconds(30)), end);   // it is due in a later slice
    EXPECT_EQ(slices.active_until(end + milliseconds(1)), before + (end - begin));
    before += end - begin;
  }
}

// Would catch: latency and lateness that include the slices of other targets.
TEST(Slices, ThePauseIsTakenOutOfATime) {
  const SlicePlan plan = slice_plan(2, 0);
  Slices slices(plan);
  slices.begin(make_window(0, 1'000), nullptr);
  const auto all = expected_slices(plan, 1'000);
  std::size_t second = 1;
  while (all[second].first == all[second - 1].second) {
    ++second;  // two slices in a row have no pause between them
  }
  const auto [begin, end] = all[second];
  for (std::size_t i = 0; i <= second; ++i) {
    slices.open(all[i].first);
  }
  const TimePoint left = all[second - 1].second;
  EXPECT_EQ(slices.without_pause(begin + milliseconds(2)), begin + milliseconds(2));
  EXPECT_EQ(slices.without_pause(left + milliseconds(1)), begin);
  EXPECT_EQ(slices.without_pause(left - milliseconds(3)), begin - milliseconds(3));
}

// Would catch: 0 or a negative CPU time for a slice with one border unread, because the loop was preempted throughout
// or the run was interrupted.
TEST(Slices, ServerCpuIsNotKnownWithoutBothReadings) {
  const ProcessClock clock({::getpid()});
  const SlicePlan plan = slice_plan(1, 0);
  Slices slices(plan);
  slices.begin(make_window(0, 200), &clock);
  const auto all = expected_slices(plan, 200);
  const auto pass = [&](TimePoint at) {
    slices.open(at);
    slices.tick(at);
  };
  pass(all[0].first + milliseconds(2));
  pass(all[0].second - milliseconds(2));
  pass(all[1].first + milliseconds(2));
  pass(all[1].second - Nanoseconds(1));  // the second is over
  pass(all[2].second - Nanoseconds(1));  // both borders of the third
  slices.tick(all[2].second - Nanoseconds(1));
  pass(all[3].first + milliseconds(2));  // the fourth is never left
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
    (slice_plan(2, 0).owns(i) ? first : second).push_back(slice(i, 10'000 - 10 * i));
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
