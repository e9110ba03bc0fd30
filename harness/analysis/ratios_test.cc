#include "harness/analysis/ratios.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fanin::harness {
namespace {

Suite suite_with_baseline() {
  return parse_suite(Json::parse(R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":6,
    "servers":[{"name":"a","model":"epoll"},{"name":"b","model":"poll"}],
    "experiments":[{"name":"x","servers":["*"],"workload":{"protocol":"echo"},"design":"interleaved","baseline":"a",
                    "sweep":{"parameter":"connections","values":[10]}}]})"),
                     "s.json");
}

Json round_with(const std::string& cell, int block, double rate, const char* status = "ok") {
  return {{"cell", cell}, {"block", block}, {"status", status}, {"load", {{"throughput", {{"requests_per_s", rate}}}}}};
}

const Json& find_ratio(const Json& ratios, const char* metric) {
  for (const Json& ratio : ratios) {
    if (ratio["metric"] == metric) {
      return ratio;
    }
  }
  return ratios.front();
}

// Six blocks on a machine that gets slower by half: b is 10 % faster than a in each of them.
TEST(Ratios, ArePairedByBlock) {
  Json rounds = Json::array();
  for (int block = 0; block < 6; ++block) {
    const double speed = 1000 / (1 + 0.2 * block);
    rounds.push_back(round_with("x/a/10", block, speed));
    rounds.push_back(round_with("x/b/10", 5 - block, 1.1 * 1000 / (1 + 0.2 * (5 - block))));
  }
  rounds.push_back(round_with("x/b/10", 6, 1, "failed"));
  std::vector<const Json*> pointers;
  for (const Json& round : rounds) {
    pointers.push_back(&round);
  }
  const Json cells = {{{"id", "x/a/10"}, {"experiment", "x"}, {"value", 10}},
                      {{"id", "x/b/10"}, {"experiment", "x"}, {"value", 10}}};
  const Json ratios = summarise_ratios(suite_with_baseline(), cells, pointers);
  const Json& throughput = find_ratio(ratios, "throughput_per_s");
  EXPECT_EQ(throughput["cell"], "x/b/10");
  EXPECT_EQ(throughput["baseline"], "x/a/10");
  EXPECT_EQ(throughput["n"], 6);
  EXPECT_NEAR(throughput["ratio"].get<double>(), 1.1, 1e-9);
  EXPECT_NEAR(throughput["low"].get<double>(), 1.1, 1e-9);
  EXPECT_NEAR(throughput["high"].get<double>(), 1.1, 1e-9);
  EXPECT_TRUE(find_ratio(ratios, "response_p99_ns")["ratio"].is_null());
  EXPECT_EQ(find_ratio(ratios, "response_p99_ns")["reason"], "no block has both rounds with this value");
}

// Five blocks give no interval at 95 %: 2/2^5 is above 0.05.
TEST(Ratios, FewBlocksHaveNoInterval) {
  const Json cells = {{{"id", "x/b/10"}, {"experiment", "x"}, {"value", 10}}};
  Json rounds = Json::array();
  for (int block = 0; block < 5; ++block) {
    rounds.push_back(round_with("x/a/10", block, 100));
    rounds.push_back(round_with("x/b/10", block, 50));
  }
  std::vector<const Json*> pointers;
  for (const Json& round : rounds) {
    pointers.push_back(&round);
  }
  const Json ratio = summarise_ratios(suite_with_baseline(), cells, pointers).front();
  EXPECT_NEAR(ratio["ratio"].get<double>(), 0.5, 1e-9);
  EXPECT_TRUE(ratio["low"].is_null());
  EXPECT_EQ(ratio["reason"], "5 blocks are too few for an interval");
}

}  // namespace
}  // namespace fanin::harness
