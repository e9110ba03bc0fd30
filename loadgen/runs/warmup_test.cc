#include "loadgen/runs/warmup.h"

#include <gtest/gtest.h>

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

TEST(Warmup, LastsItsTimeWhereAllAreServedByThen) {
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
TEST(Warmup, GivesUpOnASecondWithoutAFurtherConnection) {
  Warmup warmup(load_plan(milliseconds(200)));
  const auto open = length(warmup, [](Nanoseconds at) {
    return Warmup::Progress{.completed = 10 * ms(at), .unserved = at < milliseconds(300) ? 1000U : 990U};
  });
  EXPECT_GE(open, milliseconds(1300));
  EXPECT_LE(open, milliseconds(1400));
  EXPECT_EQ(warmup.end(), WarmupEnd::kStarved);
}

// Would catch: a server with replies of two seconds taken for one that starves connections.
TEST(Warmup, ASlowServerStarvesNobody) {
  Warmup warmup(load_plan(milliseconds(200), 10));
  const auto open = length(warmup, [](Nanoseconds at) {
    return Warmup::Progress{.completed = at < seconds(2) ? 0U : 10U, .unserved = at < seconds(2) ? 10U : 0U};
  });
  EXPECT_GE(open, seconds(2));
  EXPECT_EQ(warmup.end(), WarmupEnd::kServed);
}

TEST(Warmup, ASilentServerIsWaitedForNoLongerThanAReply) {
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
TEST(Warmup, NoWarmUpStaysNone) {
  Warmup warmup(load_plan(Nanoseconds(0)));
  EXPECT_FALSE(warmup.watches());
  EXPECT_EQ(warmup.limit(), Nanoseconds(0));
  EXPECT_EQ(warmup.end(), WarmupEnd::kTime);
}

TEST(Warmup, DoesNotWaitWhereConnectionsComeAndGoOrTheScheduleDoesNotAskThem) {
  LoadPlan churn = load_plan(seconds(1));
  churn.requests_per_connection = 1;
  EXPECT_FALSE(Warmup(churn).watches());
  LoadPlan open = load_plan(seconds(1));
  open.rate_per_s = 1000;  // a second for all
  EXPECT_TRUE(Warmup(open).watches());
  open.rate_per_s = 50;  // twenty
  EXPECT_FALSE(Warmup(open).watches());
}

// Would catch: connections of a slow open loop taken for starved while they wait for their turn.
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
TEST(AcceptWatch, EndsWhereNoFurtherOneIsAccepted) {
  AcceptWatch watch;
  EXPECT_TRUE(watch.look(990, 10 * kMs));
  EXPECT_TRUE(watch.look(990, 509 * kMs));
  EXPECT_FALSE(watch.look(990, 510 * kMs));
}

TEST(AcceptWatch, EndsInAnyCase) {
  AcceptWatch watch;
  std::uint64_t waiting = 1000;
  for (Nanoseconds elapsed{0}; elapsed < AcceptWatch::kMaxWait; elapsed += 100 * kMs) {
    EXPECT_TRUE(watch.look(--waiting, elapsed));
  }
  EXPECT_FALSE(watch.look(--waiting, AcceptWatch::kMaxWait));
}

}  // namespace
}  // namespace fanin::load
