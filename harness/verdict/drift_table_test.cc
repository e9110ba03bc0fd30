#include "harness/verdict/drift_table.h"

#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

TEST(DriftTable, AMetricThatWasNotMeasuredHasTheLargest) {
  const Json document{
      {"rounds", {{"log_deviations", {{"cpu", 0.10}, {"p99", 0.16}}}, {"ratio_log_deviations", {{"cpu", 0.05}}}}},
      {"interleaved", {{"log_deviations", {{"cpu", 0.04}}}, {"ratio_log_deviations", {{"cpu", 0.01}, {"p99", 0.03}}}}}};
  const DriftTable table(document);
  EXPECT_EQ(table.find("cpu", false).of_value, 0.10);
  EXPECT_EQ(table.find("cpu", true).of_ratio, 0.01);
  EXPECT_EQ(table.find("p999", false).of_value, 0.16);
  EXPECT_EQ(table.find("p999", true).of_ratio, 0.03);
}

// Would catch: a committed file that the program cannot use.
TEST(DriftTable, TheShippedOneKnowsEveryDefaultMetric) {
  for (const char* metric :
       {"throughput_per_s", "response_p99_ns", "server_cpu_per_request_ns", "memory_total_bytes"}) {
    EXPECT_GT(DriftTable::shipped().find(metric, false).of_value, 0) << metric;
    EXPECT_GT(DriftTable::shipped().find(metric, true).of_ratio, 0) << metric;
  }
}

}  // namespace
}  // namespace fanin::harness
