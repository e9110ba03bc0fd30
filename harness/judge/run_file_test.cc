#include "harness/judge/run_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace fanin {
namespace {

using ::testing::HasSubstr;

Json whole_run() { return load_json(FANIN_TESTDATA "/run.json"); }

std::string complaint_of_run(const std::function<void(Json&)>& damage) {
  Json run = whole_run();
  damage(run);
  try {
    check_run(JsonReader(run, "run.json"));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RunFile, AcceptsARun) {
  EXPECT_EQ(complaint_of_run([](Json&) {}), "accepted");
  EXPECT_EQ(load_run(FANIN_TESTDATA "/run.json"), whole_run());
}

// The bug: what plots.validate refuses was compared and resumed, or ended in the text of a library's exception.
TEST(RunFile, NamesThePlaceOfWhatIsWrong) {
  EXPECT_THAT(complaint_of_run([](Json& run) { run["schema"] = "fanin-suite"; }), HasSubstr("run.json: /: is no run"));
  EXPECT_EQ(complaint_of_run([](Json& run) { run["schema_version"] = 2; }),
            "run.json: /schema_version: this program reads version 1 only, the file has 2");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["cells"] = Json::array(); }),
            "run.json: /cells: must hold at least 1 items");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["cells"][0].erase("role"); }),
            "run.json: /cells/0: 'role' is missing");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["cells"][1] = run["cells"][0]; }),
            "run.json: /cells/1: stands here twice");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][1]["cell"] = "e/epoll/7"; }),
            "run.json: /rounds/1/cell: the run has no cell 'e/epoll/7'");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][1]["cell"] = 7; }),
            "run.json: /rounds/1/cell: 7 should be \"string\"");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][1]["block"] = -1; }),
            "run.json: /rounds/1/block: -1 should be at least 0");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][1]["block"] = INT64_MAX; }),
            "run.json: /rounds/1/block: must be a whole number from 0 to 1");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][3] = run["rounds"][0]; }),
            "run.json: /rounds/3: the same cell was measured in the same block before");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["suite"]["servers"][0]["port"] = 1; }),
            "run.json: /suite/servers/0: unknown key \"port\"");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][0]["server"]["counters"]["bytes"]["Odd"] = 1; }),
            "run.json: /rounds/0/server/counters/bytes/Odd: \"Odd\" does not have the form ^[a-z][a-z0-9_]*$");
}

TEST(RunFile, AddsUpWhatARoundSays) {
  const auto in_load = [](const std::function<void(Json&)>& damage) {
    return complaint_of_run([&](Json& run) { damage(run["rounds"][0]["load"]); });
  };
  EXPECT_EQ(in_load([](Json& load) { load["requests"]["sent"] = 13; }),
            "run.json: /rounds/0/load/requests: sent is not completed + failed + unanswered");
  EXPECT_EQ(in_load([](Json& load) { load["latency"]["response"]["count"] = 13; }),
            "run.json: /rounds/0/load/latency/response/count: the buckets hold 12");
  EXPECT_EQ(in_load([](Json& load) { load["latency"]["response"]["percentiles"]["p99"] = 7; }),
            "run.json: /rounds/0/load/latency/response/percentiles/p99: the buckets give null");
  EXPECT_THAT(in_load([](Json& load) { load["latency"]["response"]["buckets"][0][0] = 1'000'000'000'000; }),
              HasSubstr("/rounds/0/load/latency/response/buckets: should ascend"));
}

}  // namespace
}  // namespace fanin
