#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/selftest/machine_model.h"
#include "harness/selftest/procedures.h"
#include "harness/selftest/simulated_session.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

SimulatedProcedure find(std::vector<SimulatedProcedure> all, const std::string& name) {
  return *std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
}

Json share_in(const Json& simulation, const std::string& series) {
  for (const Json& row : simulation.at("procedures").at(0).at("rows")) {
    if (row.at("series") == series) {
      return row.at("share");
    }
  }
  return nullptr;
}

// Noise has median 0, and its quartiles are those of the standard normal: 0.6745 within three standard errors of 20,000
// values, 0.03. Would catch: heavy tails that come with more noise in the middle, so that their lower power is no
// effect of the tails.
TEST(MachineModel, NoisesAreEquallyWideInTheMiddle) {
  for (const SeriesKind& kind : kSeriesKinds) {
    Random random(5);
    std::vector<double> values = draw_noises(kind.noise, 20'000, random);
    std::sort(values.begin(), values.end());
    const double tolerance = kind.noise == Noise::kContaminated ? 0.08 : 0.03;
    EXPECT_NEAR(values[10'000], 0, 0.03) << kind.name;
    EXPECT_NEAR((values[15'000] - values[5'000]) / 2, 0.6745, tolerance) << kind.name;
  }
}

TEST(MachineModel, DriftsAreWhatTheyAreCalled) {
  Random random(5);
  const std::vector<double> linear = draw_drift(MachineDrift::kLinear, 4, random);
  EXPECT_EQ(linear, (std::vector<double>{-0.75, -0.25, 0.25, 0.75}));
  const std::vector<double> step = draw_drift(MachineDrift::kStep, 100, random);
  EXPECT_EQ(std::count(step.begin(), step.begin() + 40, -1), 40);
  EXPECT_EQ(std::count(step.end() - 40, step.end(), 1), 40);
  const std::vector<double> speeds = draw_drift(MachineDrift::kTwoSpeeds, 1000, random);
  EXPECT_TRUE(std::all_of(speeds.begin(), speeds.end(), [](double each) { return std::abs(each) == 1; }));
  std::vector<double> ends(2'000);
  std::generate(ends.begin(), ends.end(), [&] { return draw_drift(MachineDrift::kRandomWalk, 10, random).back(); });
  EXPECT_NEAR(statistics::standard_deviation(ends), 1, 0.05);  // three standard errors
}

// A machine that speeds up by 20 % in a session moves no ratio: mirrored slices cancel linear drift. Would catch: arms
// that are always driven in one order.
TEST(SimulatedSession, MirroredSlicesCancelLinearDrift) {
  const SeriesKind quiet{"linear", "", Noise::kNormal, MachineDrift::kLinear};
  Random random(5);
  const SimulatedUnits interleaved = draw_units(quiet, true, 100, 0.02, random);
  EXPECT_NEAR(statistics::median(interleaved.ratios), 0.02, 0.003);
  EXPECT_NEAR(statistics::standard_deviation(interleaved.ratios), kUnitDeviation, 0.002);
  EXPECT_NEAR(statistics::median(interleaved.controls), 0, 0.003);
}

// Would catch: rows that share random numbers, so that the result of one depends on which others are simulated.
TEST(Simulation, IsReproducibleRowByRow) {
  const std::vector<SimulatedProcedure> all = interval_procedures();
  const SimulatedProcedure median = find(all, "median_interval");
  const SimulatedProcedure proportion = find(all, "clopper_pearson");
  const Json alone = simulate({median}, 1);
  const Json together = simulate({proportion, median}, 1);
  EXPECT_EQ(alone["procedures"][0], together["procedures"][1]);
  EXPECT_NE(alone["procedures"][0], simulate({median}, 2)["procedures"][0]);
}

// Would catch: a procedure that changed after the figures of docs/statistics.md were computed. The cheap rows only.
TEST(Simulation, TheCommittedResultIsReproduced) {
  const Json committed = load_json(FANIN_SUITES "/../../results/selftest/selftest.json").at("simulation");
  std::size_t compared = 0;
  for (const SimulatedProcedure& procedure : interval_procedures()) {
    const bool is_cheap = procedure.name == "median_interval" || procedure.name == "clopper_pearson" ||
                          procedure.name == "rank_sum_shift" || procedure.name == "theil_sen";
    for (const Json& stored : committed.at("procedures")) {
      if (!is_cheap || stored.at("name") != procedure.name || stored.at("setting") != procedure.setting) {
        continue;
      }
      const Json again = simulate({procedure}, committed.at("seed").get<std::uint64_t>())["procedures"][0];
      for (std::size_t row = 0; row < again["rows"].size(); ++row) {
        EXPECT_EQ(again["rows"][row]["share"]["count"], stored["rows"][row]["share"]["count"])
            << procedure.name << ", " << procedure.setting << ": " << stored["rows"][row]["series"];
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 66U);  // 6 settings of 10 kinds of series, 2 of 3 proportions
}

// The interval of 5 rounds from order statistics covers 93.75 % without drift, and less where the machine walks away.
TEST(Simulation, NamesWhatFails) {
  const Json simulation = simulate({find(interval_procedures(), "median_interval")}, 1);
  const Json steady = share_in(simulation, "t2");
  EXPECT_LE(steady["low"].get<double>(), 0.9375);
  EXPECT_GE(steady["high"].get<double>(), 0.9375);
  for (const Json& row : simulation["procedures"][0]["rows"]) {
    EXPECT_EQ(row["holds"], row["series"] != "walk") << row;
  }
  EXPECT_NE(describe_simulation(simulation).find("; fails: walk "), std::string::npos);
}

// A short form of what `fanin selftest --simulate` does. Would catch: a session that a drifting or stepping machine
// makes raise alarms.
TEST(Simulation, SessionsKeepTheirErrorRate) {
  SimulatedProcedure alarms = session_procedures().front();
  alarms.trials = 300;
  const Json simulation = simulate({alarms}, 1);
  for (const Json& row : simulation["procedures"][0]["rows"]) {
    EXPECT_EQ(row["holds"], true) << row;
  }
}

}  // namespace
}  // namespace fanin::harness
