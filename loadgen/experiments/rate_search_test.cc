#include "loadgen/experiments/rate_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "loadgen/schedule/arrival.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

std::string refusal(const std::string& text) {
  try {
    parse_objective(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

// A run of 2000 requests of 1 ms of which `bad` were not answered.
Outcome make_outcome(std::uint64_t bad) {
  Outcome outcome;
  outcome.result.sent = 2000;
  outcome.result.completed = 2000 - bad;
  outcome.result.unanswered = bad;
  for (std::uint64_t i = bad; i < 2000; ++i) {
    outcome.result.response.record(milliseconds(1));
  }
  outcome.result.response.record_uncompleted(bad);
  return outcome;
}

bool met(const std::string& objective, const Outcome& outcome) {
  return check_objective(parse_objective(objective), outcome).met;
}

TEST(Objective, ReadsAPercentileAndAShareOfErrors) {
  const Objective objective = parse_objective("p99.9<=500us,errors<0.1%");
  EXPECT_EQ(objective.percentile.percentile.per_10000, 9990U);
  EXPECT_EQ(objective.percentile.bound, 500'000);
  EXPECT_TRUE(objective.percentile.included);
  EXPECT_DOUBLE_EQ(objective.errors.value().bound, 0.001);
  EXPECT_FALSE(objective.errors->included);
  EXPECT_EQ(parse_objective("errors<=0%,p50<1s").percentile.percentile.per_10000, 5000U);
}

TEST(Objective, RefusesWhatItCannotMean) {
  EXPECT_NE(refusal("p99").find("has no '<'"), std::string::npos);
  EXPECT_NE(refusal("").find("has no '<'"), std::string::npos);
  EXPECT_NE(refusal("p98<1ms").find("'p98' is not one of p50"), std::string::npos);
  EXPECT_NE(refusal("p99<fast").find("'fast' is not a duration"), std::string::npos);
  EXPECT_NE(refusal("p99<=").find("'' is not a duration"), std::string::npos);
  EXPECT_NE(refusal("p99<1ms,p50<1us").find("two percentiles"), std::string::npos);
  EXPECT_NE(refusal("errors<1%").find("bounds no percentile"), std::string::npos);
  EXPECT_NE(refusal("p99<1ms,errors<0.1").find("'0.1' is no share"), std::string::npos);
  EXPECT_NE(refusal("p99<1ms,").find("has no '<'"), std::string::npos);
  // A search needs figures that get worse with the rate, bounded from above.
  for (const char* other : {"p99<1ms,rate>50k", "p99>1ms", "p99<1ms,errors>0.1%", "max<1ms"}) {
    EXPECT_NE(refusal(other).find("bounds no percentile or errors from above"), std::string::npos) << other;
  }
}

// Would catch: a search whose every probe fails, since nothing is as low.
TEST(Objective, RefusesWhatNothingCanMeet) {
  EXPECT_EQ(refusal("p99<0"), "--find-rate p99<0: p99 cannot be so low: give a greater bound");
  EXPECT_NE(refusal("p50<=0").find("p50 cannot be so low"), std::string::npos);
  EXPECT_NE(refusal("p99<1ms,errors<0%").find("errors cannot be so low"), std::string::npos);
  EXPECT_TRUE(parse_objective("p99<1ms,errors<=0%").errors.value().included);
}

// The bug: a bound of 10 % was taken, which no run above 5 % can meet, since it is invalid.
TEST(Objective, RefusesMoreErrorsThanAValidRunHas) {
  EXPECT_EQ(refusal("p50<50ms,errors<10%"),
            "--find-rate p50<50ms,errors<10%: a run with more than 5 % failed requests is invalid: ask for errors<=5%");
  EXPECT_NE(refusal("p50<50ms,errors<5.01%"), "taken");
  EXPECT_EQ(refusal("p50<50ms,errors<=5%"), "taken");
}

// All replies take 1 ms.
TEST(Objective, TellsBelowFromAtMost) {
  EXPECT_TRUE(met("p99<1000001ns", make_outcome(0)));
  EXPECT_TRUE(met("p99<=1ms", make_outcome(0)));
  EXPECT_FALSE(met("p99<1ms", make_outcome(0)));
  EXPECT_EQ(check_objective(parse_objective("p99<1ms"), make_outcome(0)).reason, "p99 was 1.00 ms");
}

TEST(Objective, IsNotMetByAPercentileThatCannotBeKnown) {
  const ObjectiveCheck check = check_objective(parse_objective("p99.9<1s"), make_outcome(0));
  EXPECT_FALSE(check.met);
  EXPECT_NE(check.reason.find("2,000 requests are too few for p99.9, which needs 10000"), std::string::npos)
      << check.reason;
}

// Would catch: requests that were never answered and therefore make the latency look good.
TEST(Objective, CountsWhatWasNotAnsweredAsSlow) {
  EXPECT_TRUE(met("p99<1s", make_outcome(20)));
  EXPECT_FALSE(met("p99<1s", make_outcome(21)));
  EXPECT_TRUE(met("p50<1s,errors<=1%", make_outcome(20)));
  EXPECT_FALSE(met("p50<1s,errors<1%", make_outcome(20)));
  EXPECT_FALSE(met("p50<1s,errors<1%", make_outcome(40)));
}

TEST(Objective, IsNotMetByAnInvalidRun) {
  Outcome outcome = make_outcome(0);
  outcome.verdict.status = Status::kInvalid;
  outcome.verdict.reasons = {{ReasonCode::kLateSends, "only 90.00 % of the requests left within 100 us of their time"}};
  const ObjectiveCheck check = check_objective(parse_objective("p99<1s"), outcome);
  EXPECT_FALSE(check.met);
  EXPECT_EQ(check.reason, "the run is invalid: only 90.00 % of the requests left within 100 us of their time");
}

// A server whose objective holds up to `capacity` requests per second.
RateProbe up_to(double capacity) {
  return [capacity](double rate, ProbePhase) {
    return ProbeAnswer{rate <= capacity, rate <= capacity ? "fast" : "slow"};
  };
}

std::vector<double> rates(const RateFound& found) {
  std::vector<double> rates;
  for (const Probe& probe : found.probes) {
    rates.push_back(probe.rate_per_s);
  }
  return rates;
}

// Expected: 100 200 400 800 hold, 1600 fails twice; the bracket [800, 1600] has the middle sqrt(800 * 1600) = 1131,
// which fails twice; then 951.2 and so on.
TEST(RateSearch, DoublesThenBisects) {
  const RateFound found = find_highest_rate({100, 0, 1e8, 0.02}, up_to(1000));
  const auto probed = rates(found);
  ASSERT_GE(probed.size(), 9U);
  EXPECT_EQ(std::vector<double>(probed.begin(), probed.begin() + 9),
            (std::vector<double>{100, 200, 400, 800, 1600, 1600, 1131, 1131, 951.2}));
  EXPECT_EQ(found.bound, "slow");
  EXPECT_EQ(found.probes.back().phase, ProbePhase::kConfirmation);
  EXPECT_EQ(found.probes.back().rate_per_s, found.rate_per_s.value());
}

// Would catch: a search that stops too early, or ends on the side that fails.
TEST(RateSearch, IsAsPreciseAsAsked) {
  for (const double precision : {0.1, 0.02, 0.005}) {
    for (const double capacity : {101.0, 777.0, 1600.0, 123'456.0}) {
      const RateFound found = find_highest_rate({100, 0, 1e8, precision}, up_to(capacity));
      ASSERT_TRUE(found.rate_per_s) << capacity;
      EXPECT_LE(*found.rate_per_s, capacity);
      EXPECT_GT(*found.rate_per_s * (1 + precision) * 1.001, capacity);  // 1.001: rates have four digits
    }
  }
}

TEST(RateSearch, GoesDownWhereTheStartIsTooHigh) {
  const RateFound found = find_highest_rate({1000, 0, 1e8, 0.02}, up_to(90));
  ASSERT_TRUE(found.rate_per_s);
  EXPECT_NEAR(*found.rate_per_s, 90, 2);
  EXPECT_EQ(found.probes[2].phase, ProbePhase::kHalving);
}

TEST(RateSearch, EndsWhereNoRateHolds) {
  const RateFound found = find_highest_rate({1000, 0, 1e8, 0.02}, up_to(0));
  EXPECT_FALSE(found.rate_per_s);
  EXPECT_EQ(found.bound, "slow");
  EXPECT_EQ(found.probes.size(), 22U);  // the start and ten halvings, twice each
}

TEST(RateSearch, DoesNotGoBelowTheLowestRate) {
  EXPECT_EQ(rates(find_highest_rate({1000, 400, 1e8, 0.02}, up_to(0))), (std::vector<double>{1000, 1000, 500, 500}));
}

TEST(RateSearch, EndsAtTheHighestRate) {
  const RateFound found = find_highest_rate({600, 0, 1000, 0.02}, up_to(1e9));
  EXPECT_EQ(found.rate_per_s, 1000);
  EXPECT_EQ(rates(found), (std::vector<double>{600, 1000, 1000}));
  EXPECT_EQ(found.bound, "the highest possible rate");
}

// Would catch: a search that one stall of the machine sends to half of what the server can do.
TEST(RateSearch, OneFailureInARowDoesNotDecide) {
  bool stalled = false;
  const RateFound found = find_highest_rate({100, 0, 1e8, 0.02}, [&](double rate, ProbePhase) {
    if (rate == 200 && !stalled) {
      stalled = true;
      return ProbeAnswer{false, "a stall"};
    }
    return *up_to(1000)(rate, ProbePhase::kDoubling);
  });
  EXPECT_NEAR(found.rate_per_s.value(), 1000, 20);
  EXPECT_EQ(found.bound, "slow");
}

// Would catch: a search that ends at a twentieth of what the server can do, right below its very first rate, because
// that one met two bad moments. Seen with other programs on the machine.
TEST(RateSearch, ARateThatAloneBoundsTheRestIsProbedAgain) {
  int asked = 0;
  const RateFound found = find_highest_rate({100, 0, 1e8, 0.02}, [&](double rate, ProbePhase) {
    if (rate == 100 && ++asked <= 2) {
      return ProbeAnswer{false, "a bad moment"};
    }
    return *up_to(1000)(rate, ProbePhase::kDoubling);
  });
  EXPECT_NEAR(found.rate_per_s.value(), 1000, 20);
  EXPECT_EQ(found.bound, "slow");
}

// A stall fails one good probe in ten, and luck passes one bad probe in fifty. Whatever happens the search ends, what
// it returns was confirmed by its last probe, and in four of five searches that is within a tenth of the
// truth.
TEST(RateSearch, ComesNearTheTruthWithNoisyProbes) {
  int near = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SplitMix64 random(seed);
    const RateFound found = find_highest_rate({100, 0, 1e8, 0.02}, [&](double rate, ProbePhase) {
      const bool good = rate <= 1000;
      return ProbeAnswer{random() % (good ? 10 : 50) == 0 ? !good : good, "noise"};
    });
    ASSERT_LT(found.probes.size(), 60U);
    if (found.rate_per_s) {
      EXPECT_TRUE(found.probes.back().met);
      EXPECT_EQ(found.probes.back().rate_per_s, *found.rate_per_s);
      near += *found.rate_per_s > 900 && *found.rate_per_s < 1100 ? 1 : 0;
    }
  }
  EXPECT_GE(near, 80);
}

// A window that is longer sees more: 1000/s pass the short probes, and no more than 960/s the long confirmation.
TEST(RateSearch, StepsDownUntilAConfirmationHolds) {
  const RateFound found = find_highest_rate({100, 0, 1e8, 0.02}, [](double rate, ProbePhase phase) {
    return *up_to(phase == ProbePhase::kConfirmation ? 960 : 1000)(rate, phase);
  });
  ASSERT_TRUE(found.rate_per_s);
  EXPECT_LE(*found.rate_per_s, 960);
  EXPECT_GT(*found.rate_per_s, 900);
  EXPECT_EQ(found.bound, "slow");
}

TEST(RateSearch, SaysWhenNoConfirmationHolds) {
  const RateFound found = find_highest_rate({100, 0, 1e8, 0.02}, [](double rate, ProbePhase phase) {
    return *up_to(phase == ProbePhase::kConfirmation ? 1 : 1000)(rate, phase);
  });
  EXPECT_FALSE(found.rate_per_s);
  EXPECT_EQ(std::count_if(found.probes.begin(), found.probes.end(),
                          [](const Probe& probe) { return probe.phase == ProbePhase::kConfirmation; }),
            6);
}

TEST(RateSearch, EndsAtOnceWhenInterrupted) {
  int calls = 0;
  const RateFound found = find_highest_rate({100, 0, 1e8, 0.02}, [&calls](double, ProbePhase) {
    return ++calls < 3 ? std::optional(ProbeAnswer{true, "fast"}) : std::nullopt;
  });
  EXPECT_TRUE(found.cut_short);
  EXPECT_FALSE(found.rate_per_s);
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace fanin::load
