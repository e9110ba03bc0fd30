#include "loadgen/runs/warmup.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace fanin::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LoadPlan load_plan(Nanoseconds warmup, std::uint32_t connections = 1000) {
  LoadPlan plan;
  plan.driver = DriverKind::kEpoll;
  plan.connections = connections;
  plan.warmup = warmup;
  plan.timeout = seconds(5);
  return plan;
}

// Checks every kStep until the window opens. `see` returns the progress at a time.
template <typename See>
Nanoseconds length(Warmup& warmup, See see) {
  for (Nanoseconds at = Warmup::kStep; at < warmup.limit(); at += Warmup::kStep) {
    Warmup::Progress progress = see(at);
    progress.elapsed = at;
    if (const auto open = warmup.look(progress)) {
      return *open;
    }
  }
  return warmup.limit();
}

std::uint64_t ms(Nanoseconds time) { return static_cast<std::uint64_t>(time / milliseconds(1)); }

TEST(Warmup, LastsItsTimeIfAllAreServedByThen) {
  Warmup warmup(load_plan(milliseconds(200)));
  const auto open = length(warmup, [](Nanoseconds at) {
    return Warmup::Progress{.completed = 10 * ms(at), .unserved = at < milliseconds(100) ? 400U : 0U};
  });
  EXPECT_EQ(open, milliseconds(200));
  EXPECT_EQ(warmup.end(), WarmupEnd::kTime);
}

// Would catch: a window that opens after 200 ms with 622 of a thousand connections never served.
TEST(Warmup, WaitsForTheLastConnectionThatIsServed) {
  Warmup warmup(load_plan(milliseconds(200)));
  const auto open = length(warmup, [](Nanoseconds at) {
    return Warmup::Progress{.completed = 10 * ms(at), .unserved = 1000 - std::min<std::uint64_t>(1000, ms(at) / 2)};
  });
  EXPECT_GE(open, seconds(2));
  EXPECT_LE(open, milliseconds(2100));
  EXPECT_EQ(warmup.end(), WarmupEnd::kServed);
}

// Would catch: a window that never opens with a pool of 10 threads, which serves the same 10 connections for ever.
TEST(Warmup, GivesUpAfterASecondWithoutAFurtherConnection) {
  Warmup warmup(load_plan(milliseconds(200)));
  const auto open = length(warmup, [](Nanoseconds at) {
    return Warmup::Progress{.completed = 10 * ms(at), .unserved = at < milliseconds(300) ? 1000U : 990U};
  });
  EXPECT_GE(open, milliseconds(1300));
  EXPECT_LE(open, milliseconds(1400));
  EXPECT_EQ(warmup.end(), WarmupEnd::kStarved);
}

// Would catch: a server with replies of two seconds counted as one that starves connections.
TEST(Warmup, ASlowServerStarvesNobody) {
  Warmup warmup(load_plan(milliseconds(200), 10));
  const auto open = length(warmup, [](Nanoseconds at) {
    return Warmup::Progress{.completed = at < seconds(2) ? 0U : 10U, .unserved = at < seconds(2) ? 10U : 0U};
  });
  EXPECT_GE(open, seconds(2));
  EXPECT_EQ(warmup.end(), WarmupEnd::kServed);
}

TEST(Warmup, ASilentServerDelaysTheWindowByTheTimeoutOfAReply) {
  Warmup warmup(load_plan(milliseconds(200), 10));
  const auto open = length(warmup, [](Nanoseconds) { return Warmup::Progress{.unserved = 10}; });
  EXPECT_GE(open, seconds(5));
  EXPECT_LE(open, milliseconds(5100));
}

TEST(Warmup, HasALimit) {
  Warmup warmup(load_plan(milliseconds(200), 100));
  const auto open = length(warmup, [](Nanoseconds at) {
    return Warmup::Progress{.completed = ms(at), .unserved = 100 - ms(at) / 900};  // one more every 0.9 s
  });
  EXPECT_EQ(open, milliseconds(200) + Warmup::kMaxWait);
  EXPECT_EQ(warmup.end(), WarmupEnd::kLimit);
}

// Would catch: traffic before a window without warm-up.
TEST(Warmup, WithoutWarmUpTheWindowOpensAtOnce) {
  Warmup warmup(load_plan(Nanoseconds(0)));
  EXPECT_FALSE(warmup.watches());
  EXPECT_EQ(warmup.limit(), Nanoseconds(0));
  EXPECT_EQ(warmup.end(), WarmupEnd::kTime);
}

TEST(Warmup, DoesNotWaitForReopenedConnectionsOrASparseSchedule) {
  LoadPlan churn = load_plan(seconds(1));
  churn.requests_per_connection = 1;
  EXPECT_FALSE(Warmup(churn).watches());
  LoadPlan open = load_plan(seconds(1));
  open.rate_per_s = 1000;  // a second for all
  EXPECT_TRUE(Warmup(open).watches());
  open.rate_per_s = 50;  // twenty
  EXPECT_FALSE(Warmup(open).watches());
}

// Would catch: connections of a slow open loop counted as starved before they are due.
TEST(Warmup, AnOpenLoopTakesItsTimeToAskAll) {
  LoadPlan plan = load_plan(milliseconds(200), 20);
  plan.rate_per_s = 5;
  Warmup warmup(plan);
  const auto open = length(warmup, [](Nanoseconds at) {  // no request in the third second
    const std::uint64_t asked = ms(at) < 2000 ? ms(at) / 200 : ms(at) < 3400 ? 10 : ms(at) / 200 - 7;
    return Warmup::Progress{.completed = ms(at) / 200, .unserved = 20 - std::min<std::uint64_t>(asked, 20)};
  });
  EXPECT_GE(open, milliseconds(5400));
  EXPECT_EQ(warmup.end(), WarmupEnd::kServed);
}

constexpr Nanoseconds kMs = std::chrono::milliseconds(1);

// Would catch: traffic that begins while most connections wait for accept(2). With a process per connection 600 of 1000
// were never accepted.
TEST(AcceptWatch, WaitsWhileTheQueueGetsShorter) {
  AcceptWatch watch;
  EXPECT_TRUE(watch.look(900, 0 * kMs));
  EXPECT_TRUE(watch.look(600, 400 * kMs));
  EXPECT_TRUE(watch.look(600, 800 * kMs));
  EXPECT_TRUE(watch.look(5, 850 * kMs));
  EXPECT_FALSE(watch.look(0, 860 * kMs));
}

// Would catch: a run against a pool of ten threads that never begins.
TEST(AcceptWatch, EndsIfNoFurtherOneIsAccepted) {
  AcceptWatch watch;
  EXPECT_TRUE(watch.look(990, 10 * kMs));
  EXPECT_TRUE(watch.look(990, 509 * kMs));
  EXPECT_FALSE(watch.look(990, 510 * kMs));
}

TEST(AcceptWatch, HasALimit) {
  AcceptWatch watch;
  std::uint64_t waiting = 1000;
  for (Nanoseconds elapsed{0}; elapsed < AcceptWatch::kMaxWait; elapsed += 100 * kMs) {
    EXPECT_TRUE(watch.look(--waiting, elapsed));
  }
  EXPECT_FALSE(watch.look(--waiting, AcceptWatch::kMaxWait));
}

double p(const std::vector<double>& series) { return pettitt_p(series); }

// 1 2 3 4: U = -3, -4, -3, so K = 4 and p = 2 exp(-6 * 16 / 80).
TEST(Pettitt, ARisingSeriesHasTheAnalyticValue) {
  EXPECT_DOUBLE_EQ(p({1, 2, 3, 4}), 2 * std::exp(-1.2));
  EXPECT_DOUBLE_EQ(p({4, 3, 2, 1}), 2 * std::exp(-1.2));
}

// Ten of one level, ten of another: all 100 pairs across agree, p = 2 exp(-6 * 10000 / 8400).
TEST(Pettitt, AStepHasTheAnalyticValue) {
  std::vector<double> series(10, 100);
  series.insert(series.end(), 10, 101);
  EXPECT_DOUBLE_EQ(pettitt_p(series), 2 * std::exp(-60'000.0 / 8400));
  EXPECT_LT(pettitt_p(series), 0.002);
}

// U = -1 -2 -3 2 1 0, so K = 3 and 2 exp(-6 * 9 / 252) is above 1, however high the spike.
TEST(Pettitt, ASpikeCountsByItsRank) {
  EXPECT_DOUBLE_EQ(p({5, 5, 5, 9, 5, 5}), p({5, 5, 5, 6, 5, 5}));
  EXPECT_EQ(p({5, 5, 5, 9, 5, 5}), 1);
}

TEST(Pettitt, FindsNothingWhereNothingChanges) {
  EXPECT_EQ(p({}), 1);
  EXPECT_EQ(p({7}), 1);
  EXPECT_EQ(p({3, 3, 3, 3}), 1);
  EXPECT_EQ(p({1, 2, 1, 2}), 1);  // K = 2, 2 exp(-0.3) is above 1
}

// Why the watch needs more intervals: with ten values not even a perfect step is significant.
TEST(Pettitt, TenValuesAreTooFew) { EXPECT_GT(p({1, 1, 1, 1, 1, 9, 9, 9, 9, 9}), WarmupWatch::kSignificant); }

// Number of intervals until the watch reports a steady throughput; 0: never.
std::size_t steady_after(const std::vector<std::uint64_t>& per_interval) {
  WarmupWatch watch;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < per_interval.size(); ++i) {
    total += per_interval[i];
    if (watch.add(total)) {
      return i + 1;
    }
  }
  return 0;
}

TEST(WarmupWatch, OpensAfterASecondThatIsSteady) { EXPECT_EQ(steady_after(std::vector<std::uint64_t>(40, 500)), 20U); }

// 500 per interval after ten intervals of 100. With a of the low ones among the last twenty K is a (20 - a): 75 for
// five of them, p = 0.036; 64 for four, p = 0.107. So the watch opens after 26 intervals.
TEST(WarmupWatch, WaitsUntilAStepHasPassed) {
  std::vector<std::uint64_t> series(10, 100);
  series.insert(series.end(), 40, 500);
  EXPECT_EQ(steady_after(series), 26U);
}

TEST(WarmupWatch, DoesNotOpenWhileTheThroughputClimbs) {
  std::vector<std::uint64_t> series;
  for (std::uint64_t i = 0; i < 200; ++i) {
    series.push_back(100 + i);
  }
  EXPECT_EQ(steady_after(series), 0U);
}

// Would catch: a window that opens before the server's first reply.
TEST(WarmupWatch, SilenceIsNotSteady) {
  std::vector<std::uint64_t> series(60, 0);
  EXPECT_EQ(steady_after(series), 0U);
}

}  // namespace
}  // namespace fanin::load
