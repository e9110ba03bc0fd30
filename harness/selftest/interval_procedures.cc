// What is simulated of the functions of statistics/.
#include <boost/random/binomial_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <numeric>

#include "harness/selftest/procedures.h"
#include "harness/selftest/simulated_session.h"
#include "statistics/inference.h"
#include "statistics/sequential.h"

namespace fanin::harness {
namespace {

using statistics::Interval;
using statistics::kConfidenceLevel;
using Draws = std::vector<double>;

constexpr double kTestLevel = 1 - kConfidenceLevel;

bool covers(const std::optional<Interval>& interval, double truth) {
  return interval && interval->low <= truth && truth <= interval->high;
}

// Any values without ties: attained levels depend on their number alone.
Draws count_up(std::size_t count) {
  Draws values(count);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

// Rounds one after the other, logarithms; the truth is 0.
Draws draw_rounds(const SeriesKind& kind, std::size_t count, Random& random) {
  Draws values = draw_drift(kind.drift, count, random);
  for (double& value : values) {
    value = kMachineDrift * value + kRoundDeviation * draw_noise(kind.noise, random);
  }
  return values;
}

// The differences of two cells, a round of each in a block, in random order.
Draws draw_blocks(const SeriesKind& kind, std::size_t count, Random& random) {
  const Draws rounds = draw_rounds(kind, 2 * count, random);
  Draws differences;
  for (std::size_t block = 0; block < count; ++block) {
    const double difference = rounds[2 * block + 1] - rounds[2 * block];
    differences.push_back(draw_order(2, random).front() == 0 ? difference : -difference);
  }
  return differences;
}

SimulatedProcedure of_median(std::size_t count) {
  return {.name = "median_interval",
          .setting = std::to_string(count) + " rounds",
          .stated = statistics::median_interval(count_up(count), kConfidenceLevel).coverage,
          .trial = [count](const SeriesKind& kind, Random& random) {
            return covers(statistics::median_interval(draw_rounds(kind, count, random), kConfidenceLevel), 0);
          }};
}

SimulatedProcedure of_blocks(std::size_t count) {
  return {.name = "signed_rank_shift",
          .setting = std::to_string(count) + " blocks of two rounds",
          .stated = statistics::signed_rank_shift(count_up(count), kConfidenceLevel).interval->coverage,
          .trial = [count](const SeriesKind& kind, Random& random) {
            return covers(statistics::signed_rank_shift(draw_blocks(kind, count, random), kConfidenceLevel).interval,
                          0);
          }};
}

SimulatedProcedure of_units(std::size_t count) {
  return {.name = "signed_rank_shift",
          .setting = std::to_string(count) + " interleaved units",
          .stated = statistics::signed_rank_shift(count_up(count), kConfidenceLevel).interval->coverage,
          .trial = [count](const SeriesKind& kind, Random& random) {
            const SimulatedUnits units = draw_units(kind, true, count, 0, random);
            return covers(statistics::signed_rank_shift(units.ratios, kConfidenceLevel).interval, 0);
          }};
}

SimulatedProcedure test_of_blocks(std::size_t count) {
  return {.name = "signed_rank_p",
          .setting = std::to_string(count) + " blocks of two rounds",
          .figure = SimulatedFigure::kFalseAlarms,
          .stated = kTestLevel,
          .trial = [count](const SeriesKind& kind, Random& random) {
            return statistics::signed_rank_p(draw_blocks(kind, count, random)) <= kTestLevel;
          }};
}

// Units with an effect each, and slices nested in them.
SimulatedProcedure of_nested(std::size_t units, std::size_t slices) {
  return {.name = "hierarchical_shift",
          .setting = std::to_string(units) + " units of " + std::to_string(slices) + " blocks of slices",
          .stated = statistics::signed_rank_shift(count_up(units), kConfidenceLevel).interval->coverage,
          .trial = [units, slices](const SeriesKind& kind, Random& random) {
            const Draws differences = draw_blocks(kind, units * slices, random);
            std::vector<Draws> nested;
            for (std::size_t unit = 0; unit < units; ++unit) {
              // Of a ratio: the difference of two servers' effects.
              const double effect = kRoundDeviation * (draw_noise(kind.noise, random) - draw_noise(kind.noise, random));
              Draws& slice = nested.emplace_back();
              for (std::size_t i = 0; i < slices; ++i) {
                slice.push_back(effect + differences[unit * slices + i]);
              }
            }
            return covers(statistics::hierarchical_shift(nested, kConfidenceLevel).interval, 0);
          }};
}

// Draws of two sides of equal size, alternately or one side after the other.
struct Sides {
  Draws base;
  Draws now;
};

Sides draw_sides(const SeriesKind& kind, std::size_t each, bool alternating, Random& random) {
  const Draws runs = draw_rounds(kind, 2 * each, random);
  Sides sides;
  for (std::size_t i = 0; i < each; ++i) {
    const std::size_t first = alternating ? 2 * i + draw_order(2, random).front() : i;
    const std::size_t second = alternating ? 4 * i + 1 - first : each + i;
    sides.base.push_back(runs[first]);
    sides.now.push_back(runs[second]);
  }
  return sides;
}

std::string describe_sides(std::size_t each, bool alternating) {
  return std::to_string(each) + " runs a side, " + (alternating ? "alternating" : "base first");
}

SimulatedProcedure of_sides(std::size_t each, bool alternating) {
  return {.name = "rank_sum_shift",
          .setting = describe_sides(each, alternating),
          .stated = statistics::rank_sum_shift(count_up(each), count_up(each), kConfidenceLevel).interval->coverage,
          .trial = [each, alternating](const SeriesKind& kind, Random& random) {
            const Sides sides = draw_sides(kind, each, alternating, random);
            return covers(statistics::rank_sum_shift(sides.base, sides.now, kConfidenceLevel).interval, 0);
          }};
}

SimulatedProcedure test_of_sides(std::size_t each, bool alternating) {
  return {.name = "rank_sum_p",
          .setting = describe_sides(each, alternating),
          .figure = SimulatedFigure::kFalseAlarms,
          .stated = kTestLevel,
          .trial = [each, alternating](const SeriesKind& kind, Random& random) {
            const Sides sides = draw_sides(kind, each, alternating, random);
            return statistics::rank_sum_p(sides.base, sides.now) <= kTestLevel;
          }};
}

constexpr std::size_t kRounds = 5;         // of a run
constexpr std::size_t kMeasuredRuns = 20;  // that the drift between runs is known from
constexpr double kRunDeviation = 0.05;     // of the effect that all rounds of a run share

// Runs one after the other, and the deviation between runs, known from others as `fanin selftest --drift` measures it.
statistics::ShiftTest compare_two_runs(const SeriesKind& kind, Random& random) {
  const std::size_t count = kMeasuredRuns + 2;
  Draws rounds = draw_rounds(kind, count * kRounds, random);
  const std::vector<std::size_t> order = draw_order(count, random);
  std::vector<Draws> runs(count);
  for (std::size_t run = 0; run < count; ++run) {
    const double effect = kRunDeviation * draw_noise(kind.noise, random);
    for (std::size_t i = 0; i < kRounds; ++i) {
      runs[order[run]].push_back(effect + rounds[run * kRounds + i]);
    }
  }
  Draws medians;
  for (std::size_t run = 2; run < count; ++run) {
    medians.push_back(statistics::median(runs[run]));
  }
  const double drift = statistics::standard_deviation(medians);
  return statistics::test_drifting_shift(runs[0], runs[1], 2 * drift * drift, kConfidenceLevel);
}

SimulatedProcedure of_two_runs() {
  return {.name = "test_drifting_shift",
          .setting = "two runs of 5 rounds, drift of 20 others",
          .stated = kConfidenceLevel,
          .trial = [](const SeriesKind& kind, Random& random) {
            return covers(compare_two_runs(kind, random).shift.interval, 0);
          }};
}

SimulatedProcedure test_of_two_runs() {
  return {
      .name = "test_drifting_shift",
      .setting = "p-value, two runs of 5 rounds",
      .figure = SimulatedFigure::kFalseAlarms,
      .stated = kTestLevel,
      .trial = [](const SeriesKind& kind, Random& random) { return compare_two_runs(kind, random).p <= kTestLevel; }};
}

// Cells of two runs: the machine's state during a run is common to them.
SimulatedProcedure test_of_many(std::size_t cells) {
  return {.name = "benjamini_hochberg",
          .setting = std::to_string(cells) + " cells of two runs of 5 rounds",
          .figure = SimulatedFigure::kFalseAlarms,
          .stated = kTestLevel,
          .trials = 1'000,
          .trial = [cells](const SeriesKind& kind, Random& random) {
            boost::random::normal_distribution<double> state(0, kMachineDrift);
            const double difference = state(random) - state(random);
            Draws p;
            for (std::size_t cell = 0; cell < cells; ++cell) {
              const Draws base = draw_rounds(kind, kRounds, random);
              Draws now = draw_rounds(kind, kRounds, random);
              for (double& value : now) {
                value += difference;
              }
              p.push_back(
                  statistics::test_drifting_shift(base, now, 2 * kMachineDrift * kMachineDrift, kConfidenceLevel).p);
            }
            const Draws adjusted = statistics::benjamini_hochberg(p);
            return std::any_of(adjusted.begin(), adjusted.end(), [](double each) { return each <= kTestLevel; });
          }};
}

// Points in random order within each block, as a run measures a sweep.
SimulatedProcedure of_slope(std::size_t values, std::size_t blocks) {
  return {
      .name = "theil_sen",
      .setting = std::to_string(values) + " values in " + std::to_string(blocks) + (blocks == 1 ? " block" : " blocks"),
      .stated = kConfidenceLevel,
      .trial = [values, blocks](const SeriesKind& kind, Random& random) {
        constexpr double kSlope = 0.05;
        const Draws rounds = draw_rounds(kind, values * blocks, random);
        std::vector<statistics::Point> points;
        for (std::size_t block = 0; block < blocks; ++block) {
          for (const std::size_t value : draw_order(values, random)) {
            const auto x = static_cast<double>(value);
            points.push_back({x, kSlope * x + rounds[points.size()]});
          }
        }
        return covers(statistics::theil_sen(points, kConfidenceLevel)->interval, kSlope);
      }};
}

// Whether a session finds an effect of the size that another one says it could find.
SimulatedProcedure of_smallest_effect() {
  return {.name = "smallest_effect",
          .setting = "48 units, band 1 %",
          .figure = SimulatedFigure::kPower,
          .stated = 0.9,
          .trials = 1'000,
          .trial = [](const SeriesKind& kind, Random& random) {
            const statistics::SequentialPlan plan = statistics::plan_looks(48, 0.01);
            const double band = std::log1p(0.01);
            const Draws without = draw_units(kind, true, 48, 0, random).ratios;
            const Interval interval = *statistics::signed_rank_shift(without, plan.level()).interval;
            const double effect = statistics::smallest_effect(interval, plan.level(), band, without.size());
            const Draws with = draw_units(kind, true, 48, effect, random).ratios;
            return statistics::evaluate(plan, with, {band}, true).decision == statistics::Decision::kAbove;
          }};
}

constexpr std::array<SeriesKind, 3> kProportions{{
    {"1 %", "each trial succeeds with probability 1 %", Noise::kNormal, MachineDrift::kNone},
    {"5 %", "with 5 %", Noise::kNormal, MachineDrift::kNone},
    {"50 %", "with 50 %", Noise::kNormal, MachineDrift::kNone},
}};

SimulatedProcedure of_proportion(std::int64_t trials) {
  return {.name = "clopper_pearson",
          .setting = std::to_string(trials) + " trials",
          .stated = kConfidenceLevel,
          .trial =
              [trials](const SeriesKind& kind, Random& random) {
                const double truth = kind.name == "1 %" ? 0.01 : kind.name == "5 %" ? 0.05 : 0.5;
                const auto successes = boost::random::binomial_distribution<std::int64_t>(trials, truth)(random);
                return covers(statistics::clopper_pearson(successes, trials, kConfidenceLevel), truth);
              },
          .kinds = kProportions};
}

}  // namespace

std::vector<SimulatedProcedure> interval_procedures() {
  return {of_median(5),
          of_median(20),
          of_blocks(8),
          of_units(48),
          of_units(90),
          test_of_blocks(8),
          of_nested(8, 10),
          of_sides(5, true),
          of_sides(5, false),
          test_of_sides(5, true),
          test_of_sides(5, false),
          of_two_runs(),
          test_of_two_runs(),
          test_of_many(30),
          of_slope(8, 1),
          of_slope(4, 5),
          of_smallest_effect(),
          of_proportion(20),
          of_proportion(300)};
}

}  // namespace fanin::harness
