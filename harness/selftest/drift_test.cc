#include "harness/selftest/drift.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fanin::harness {
namespace {

Json record_with(double a, double b) {
  return {{"interleaved", {"i/a/1"}},
          {"values", {{"throughput_per_s", {{"x/a/1", a}, {"x/b/1", b}, {"i/a/1", a / 2}}}}},
          {"ratios", Json::object()}};
}

// Expected: 0, 1, 2 have a standard deviation of 1; 0, 2, 4 of 2. Would catch: the mean over cells, with which compare
// would raise alarms in cells that vary more.
TEST(Drift, TheCellThatVariesMostCounts) {
  const std::vector<Json> records{record_with(0, 0), record_with(1, 2), record_with(2, 4)};
  EXPECT_DOUBLE_EQ(deviations_between(records, false)["log_deviations"]["throughput_per_s"].get<double>(), 2);
  EXPECT_TRUE(deviations_between(records, false)["ratio_log_deviations"].empty());
}

// Would catch: the drift of servers in rounds, three times as large, taken for that of interleaved ones.
TEST(Drift, InterleavedCellsStayApart) {
  const std::vector<Json> records{record_with(0, 0), record_with(1, 2), record_with(2, 4)};
  EXPECT_DOUBLE_EQ(deviations_between(records, true)["log_deviations"]["throughput_per_s"].get<double>(), 0.5);
}

// Would catch: a deviation of 0 from a single run, which would claim that runs never differ.
TEST(Drift, OneRunShowsNoDeviation) {
  EXPECT_TRUE(deviations_between({record_with(1, 2)}, false)["log_deviations"].empty());
}

// Two servers, three blocks: 100, 110, 120 and 50, 55, 60 replies per second.
TEST(Drift, ARunGivesMediansAndRatiosToTheBaseline) {
  Json rounds = Json::array();
  Json cells = Json::array();
  for (const auto& [server, rate] : {std::pair{"epoll", 100.0}, {"thread", 50.0}}) {
    const std::string id = std::string("echo/") + server + "/10";
    cells.push_back({{"id", id},
                     {"experiment", "echo"},
                     {"server", server},
                     {"parameter", "connections"},
                     {"value", 10},
                     {"role", "sweep"},
                     {"status", "measured"}});
    for (int block = 0; block < 3; ++block) {
      rounds.push_back({{"cell", id},
                        {"block", block},
                        {"status", "ok"},
                        {"load",
                         {{"workload", {{"loop", "closed"}, {"connections", 10}}},
                          {"throughput", {{"requests_per_s", rate * (1 + 0.1 * block)}}}}}});
    }
  }
  const Json run{{"cells", cells},
                 {"rounds", rounds},
                 {"suite", {{"experiments", {{{"name", "echo"}, {"design", "interleaved"}}}}}}};
  const Json record = drift_record(run);
  EXPECT_EQ(record["interleaved"], Json({"echo/epoll/10", "echo/thread/10"}));
  const Json& values = record["values"]["throughput_per_s"];
  EXPECT_NEAR(values["echo/epoll/10"].get<double>(), std::log(110), 1e-12);
  EXPECT_NEAR(values["echo/thread/10"].get<double>(), std::log(55), 1e-12);
  const Json& ratios = record["ratios"]["throughput_per_s"];
  EXPECT_FALSE(ratios.contains("echo/epoll/10"));
  EXPECT_NEAR(ratios["echo/thread/10"].get<double>(), std::log(0.5), 1e-12);
}

}  // namespace
}  // namespace fanin::harness
