#include "harness/verdict/evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

namespace fanin::harness {
namespace {

constexpr int kPairs = 200;
constexpr int kServers = 4;  // the first is the baseline
constexpr int kSweepValues = 3;
constexpr std::size_t kBlocks = 6;
constexpr double kDrift = 0.10;      // between runs, shared by all that a run measures
constexpr double kOwnDrift = 0.007;  // of each cell
constexpr double kNoise = 0.03;      // of a round

using Runs = std::vector<std::vector<double>>;

// The logarithms of a metric in one simulated run, by cell and block. `slow[server]` is a factor.
using SimulatedRun = std::vector<std::vector<double>>;

class Simulation {
 public:
  SimulatedRun run(const std::vector<double>& slow) {
    const double drift = kDrift * normal_(random_);
    SimulatedRun cells;
    for (int server = 0; server < kServers; ++server) {
      for (int value = 0; value < kSweepValues; ++value) {
        std::vector<double>& rounds = cells.emplace_back();
        const double of_cell = drift + kOwnDrift * normal_(random_) + std::log(slow[static_cast<std::size_t>(server)]);
        for (std::size_t block = 0; block < kBlocks; ++block) {
          rounds.push_back(of_cell + kNoise * normal_(random_));
        }
      }
    }
    return cells;
  }

  std::vector<SimulatedRun> runs(std::size_t count, const std::vector<double>& slow) {
    std::vector<SimulatedRun> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(run(slow));
    }
    return all;
  }

 private:
  std::mt19937_64 random_{20261129};
  std::normal_distribution<double> normal_;
};

Runs take_cell(const std::vector<SimulatedRun>& runs, std::size_t cell) {
  Runs values;
  for (const SimulatedRun& run : runs) {
    values.push_back(run[cell]);
  }
  return values;
}

Runs take_ratios(const std::vector<SimulatedRun>& runs, std::size_t cell) {
  Runs values = take_cell(runs, cell);
  const Runs baseline = take_cell(runs, cell % kSweepValues);
  for (std::size_t run = 0; run < values.size(); ++run) {
    for (std::size_t block = 0; block < kBlocks; ++block) {
      values[run][block] -= baseline[run][block];
    }
  }
  return values;
}

// As RunComparison does for one metric: every cell by itself, and its ratio to the baseline.
ExitCode compare_sides(const std::vector<SimulatedRun>& base, const std::vector<SimulatedRun>& now) {
  const Unit unit = choose_unit(base.size(), now.size());
  const MetricVerdict named{.metric = "server_cpu_per_request_ns", .band = 0.05};
  std::vector<TestedMetric> tested;
  for (std::size_t cell = 0; cell < base.front().size(); ++cell) {
    tested.push_back(test_evidence(named, {take_cell(base, cell), take_cell(now, cell)}, unit, kDrift));
    if (cell >= kSweepValues) {
      tested.push_back(
          test_evidence(named, {take_ratios(base, cell), take_ratios(now, cell)}, unit, std::sqrt(2) * kOwnDrift));
    }
  }
  Judgement judgement{.kind = "compare"};
  judgement.metrics = correct_for_number(std::move(tested));
  return judgement.exit_code();
}

// How many of the pairs exit 1.
int count_regressions(std::size_t runs_a_side, const std::vector<double>& slow) {
  Simulation simulation;
  int regressions = 0;
  for (int pair = 0; pair < kPairs; ++pair) {
    const auto base = simulation.runs(runs_a_side, std::vector<double>(kServers, 1.0));
    const auto now = simulation.runs(runs_a_side, slow);
    regressions += compare_sides(base, now) == ExitCode::kRegression ? 1 : 0;
  }
  return regressions;
}

const std::vector<double> kSame(kServers, 1.0);
const std::vector<double> kOneSlow{1, 1, 1.5, 1};
const std::vector<double> kAllSlow(kServers, 1.5);

// The bug: 4 of 12 pairs of runs of the same commit were a regression.
TEST(StoredRuns, TheSameCommitRaisesNoMoreAlarmsThanTheNominalRate) {
  EXPECT_LE(count_regressions(1, kSame), kPairs * kFalseDiscoveryRate);
  EXPECT_LE(count_regressions(5, kSame), kPairs * kFalseDiscoveryRate);
}

TEST(StoredRuns, AServerSlowedByHalfIsFound) {
  EXPECT_GE(count_regressions(1, kOneSlow), 0.95 * kPairs);
  EXPECT_GE(count_regressions(5, kOneSlow), 0.95 * kPairs);
  EXPECT_GE(count_regressions(5, kAllSlow), 0.95 * kPairs);
}

// One run a side sees a change of all servers through the drift between runs alone: with a drift of 10 % the expected
// share is P(Z > (0.05 + 1.96 * 0.1414 - 0.405) / 0.1414) = 72 %.
TEST(StoredRuns, AChangeOfAllServersHidesInTheDrift) {
  const int found = count_regressions(1, kAllSlow);
  EXPECT_GE(found, 0.60 * kPairs);
  EXPECT_LE(found, 0.80 * kPairs);
}

TEST(ChooseUnit, NeedsEnoughRunsForAnInterval) {
  EXPECT_EQ(choose_unit(1, 1), Unit::kRound);
  EXPECT_EQ(choose_unit(3, 3), Unit::kRound);
  EXPECT_EQ(choose_unit(4, 4), Unit::kRun);
  EXPECT_EQ(choose_unit(1, 30), Unit::kRound);
  EXPECT_EQ(choose_unit(1, 40), Unit::kRun);
}

// Would catch: one change among many comparisons, as chance gives it, that fails the build.
TEST(CorrectForNumber, OneBarelySignificantChangeAmongManyIsUndecided) {
  const MetricVerdict worse{
      .band = 0.05, .ratio = RatioEstimate{1.3, statistics::Interval{1.1, 1.5, 0.95}}, .verdict = Verdict::kWorse};
  const MetricVerdict same{.band = 0.05, .ratio = RatioEstimate{1.0, statistics::Interval{0.9, 1.1, 0.95}}};
  std::vector<TestedMetric> tested(20, {same, 0.5});
  tested.push_back({worse, 0.01});
  const std::vector<MetricVerdict> many = correct_for_number(tested);
  EXPECT_EQ(many.back().verdict, Verdict::kUndecided);
  EXPECT_EQ(many.back().reason, "beyond the band, but chance may explain it among 21 comparisons");
  EXPECT_EQ(correct_for_number({tested.back()}).back().verdict, Verdict::kWorse);
}

}  // namespace
}  // namespace fanin::harness
