#include "harness/analysis/run_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace fanin::harness {
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
  EXPECT_EQ(load_run(FANIN_TESTDATA), whole_run());  // the bug: the directory of a run was refused
}

// The bug: what plots.validate refuses was compared and resumed, or ended in the text of a library's exception.
TEST(RunFile, NamesThePlaceOfWhatIsWrong) {
  EXPECT_THAT(complaint_of_run([](Json& run) { run["schema"] = "fanin-suite"; }), HasSubstr("run.json: is no run"));
  EXPECT_EQ(complaint_of_run([](Json& run) { run["schema_version"] = 1; }),
            "run.json: /schema_version: written by an older fanin (version 1, this one reads 2): run it again");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["cells"] = Json::array(); }),
            "run.json: /cells: must hold at least 1 items");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["cells"][0].erase("role"); }),
            "run.json: /cells/0: 'role' is missing");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["cells"][1] = run["cells"][0]; }),
            "run.json: /cells/1: is given twice");
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
  EXPECT_EQ(complaint_of_run([](Json& run) { run["suite"]["servers"][0]["modle"] = 1; }),
            "run.json: /suite/servers/0: unknown key 'modle': did you mean model?");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][0]["server"]["counters"]["bytes"]["Odd"] = 1; }),
            "run.json: /rounds/0/server/counters/bytes/Odd: \"Odd\" does not have the form ^[a-z][a-z0-9_]*$");
}

// The bug: `fanin compare` took runs that plots.validate refuses, such as one without rounds whose cells are measured.
TEST(RunFile, CellsFollowFromSuiteAndRounds) {
  const auto in_cell = [](const char* key, const Json& value) {
    return complaint_of_run([&](Json& run) { run["cells"][1][key] = value; });
  };
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"] = Json::array(); }),
            "run.json: /cells/0/status: its rounds and the suite's repetitions give \"pending\"");
  EXPECT_EQ(in_cell("experiment", "other"), "run.json: /cells/1/experiment: the id gives \"e\"");
  EXPECT_EQ(in_cell("value", 7), "run.json: /cells/1/value: the id gives 2");
  EXPECT_EQ(in_cell("parameter", "pipeline"), "run.json: /cells/1/parameter: the suite gives \"connections\"");
  EXPECT_EQ(in_cell("server", "poll"), "run.json: /cells/1/server: is no server of the run");
  EXPECT_EQ(in_cell("id", "e/poll/2"), "run.json: /cells/1/id: is no cell of the suite");
  EXPECT_EQ(in_cell("role", "aa"), "run.json: /cells/1/role: the id gives \"measure\"");
  EXPECT_EQ(complaint_of_run([](Json& run) {
              run["cells"][1]["status"] = "pending";
              run["cells"][1]["reason"] = "1 of 2 rounds are done";
            }),
            "run.json: /cells/1/status: pending in a run that says it is complete");
}

// The bug: a changed number of repetitions, and other keys that contradict each other, were compared and resumed.
TEST(RunFile, PartsAgree) {
  EXPECT_EQ(complaint_of_run([](Json& run) { run["suite"]["repetitions"] = 6; }),
            "run.json: /cells/0/status: its rounds and the suite's repetitions give \"pending\"");
  EXPECT_EQ(complaint_of_run([](Json& run) {
              run["complete"] = false;
              run["suite"]["repetitions"] = 3;
              for (Json& cell : run["cells"]) {
                cell["status"] = "pending";
                cell["reason"] = "2 of 4 rounds are done";
              }
            }),
            "run.json: /cells/0/reason: its rounds and the suite's repetitions give \"2 of 3 rounds are done\"");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["seed"] = 2'000'006; }),
            "run.json: /rounds/0/load/workload/seed: the run's seed with the round's block and order gives 1000003");
  EXPECT_EQ(
      complaint_of_run([](Json& run) { run["rounds"][1]["order"] = 0; }),
      "run.json: /rounds/1/order: another round has this place in the same block, and was not interleaved with it");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][1]["load"]["workload"]["connections"] = 9; }),
            "run.json: /rounds/1/load/workload/connections: the cell gives 2");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["rounds"][1]["load"]["workload"]["protocol"] = "http"; }),
            "run.json: /rounds/1/load/workload/protocol: the suite gives \"echo\"");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["servers"][0]["model"] = "poll"; }),
            "run.json: /servers/0/model: the suite gives \"epoll\"");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["servers"][0]["name"] = "poll"; }),
            "run.json: /servers/0/name: is no server of the suite");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["servers"].push_back(run["servers"][0]); }),
            "run.json: /servers/1: is given twice");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["conformance"].push_back(run["conformance"][0]); }),
            "run.json: /conformance/1: is given twice");
  EXPECT_EQ(complaint_of_run([](Json& run) {
              run["conformance"][0]["status"] = "failed";
              run["conformance"][0]["reason"] = "no reply";
            }),
            "run.json: /cells/0/status: does not agree with the run's conformance");
  EXPECT_EQ(complaint_of_run([](Json& run) {
              run["cells"][0]["status"] = "failed";
              run["cells"][0]["reason"] = "conformance: no reply";
            }),
            "run.json: /cells/0/status: does not agree with the run's conformance");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["run_id"] = "other-1"; }),
            "run.json: /run_id: does not begin with the name of the suite");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["finished_at"] = nullptr; }),
            "run.json: /complete: without the time and the environment of the end");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["finished_at"] = "2020-11-28T15:04:56.576Z"; }),
            "run.json: /finished_at: is before the run started");
}

// The bug: a throughput of 1e308 in every round, which no summary shows, was compared.
TEST(RunFile, SummariesFollowFromRounds) {
  EXPECT_THAT(complaint_of_run([](Json& run) {
                for (Json& round : run["rounds"]) {
                  round["load"]["throughput"]["requests_per_s"] = 1e308;
                }
              }),
              HasSubstr("run.json: /summaries/0/median: is 731.4095927896376, but the rounds give inf"));
  const auto in_summary = [](const char* key, const Json& value) {
    return complaint_of_run([&](Json& run) { run["summaries"][0][key] = value; });
  };
  EXPECT_EQ(in_summary("n", 3), "run.json: /summaries/0/n: but 2 rounds are ok");
  EXPECT_EQ(in_summary("low", 1e9), "run.json: /summaries/0: low <= median <= high does not hold");
  EXPECT_EQ(in_summary("cell", "e/epoll/7"), "run.json: /summaries/0/cell: the run has no cell 'e/epoll/7'");
  EXPECT_EQ(complaint_of_run([](Json& run) { run["summaries"][1] = run["summaries"][0]; }),
            "run.json: /summaries/1: throughput_per_s of e/epoll/1 is summarised twice");
}

TEST(RunFile, SlopesFollowFromRounds) {
  const auto slope = [](const Json& values, const Json& median) {
    return Json{{"experiment", "e"},
                {"server", "epoll"},
                {"parameter", "idle_connections"},
                {"values", values},
                {"metric", "server_pss_bytes"},
                {"unit", "bytes"},
                {"n", 2},
                {"median", median},
                {"low", median},
                {"high", median},
                {"coverage", 0.5}};
  };
  const auto with = [&](const Json& values, const Json& median) {
    return complaint_of_run([&](Json& run) {
      Json& experiment = run["suite"]["experiments"][0];
      experiment["sweep"] = {{"parameter", "idle_connections"}, {"values", {1, 2}}};
      experiment.erase("aa");
      for (Json& cell : run["cells"]) {
        cell["parameter"] = "idle_connections";
      }
      for (Json& round : run["rounds"]) {
        round["load"]["workload"]["idle_connections"] = round["cell"] == "e/epoll/1" ? 1 : 2;
        round["server"]["pss_bytes"] = round["cell"] == "e/epoll/1" ? 1000 : 1500;
      }
      run["summaries"] = Json::array();
      run["slopes"] = Json::array({slope(values, median)});
    });
  };
  EXPECT_EQ(with({1, 2}, 500), "accepted");
  EXPECT_EQ(with({1, 2}, 501), "run.json: /slopes/0/median: is 501, but the rounds give 500");
  EXPECT_EQ(with({1, 3}, 500), "run.json: /slopes/0/values: measured were [1,2]");
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
  // The bug: a percentile above the exact maximum was right.
  const auto with_p50 = [&](std::uint64_t p50) {
    return in_load([p50](Json& load) {
      Json& response = load["latency"]["response"];
      response["buckets"] = {{256, 20}};
      response["count"] = 20;
      response["min"] = response["max"] = response["mean"] = 256;
      response["percentiles"]["p50"] = p50;
      response["uncompleted"] = 0;
    });
  };
  EXPECT_EQ(with_p50(257), "run.json: /rounds/0/load/latency/response/percentiles/p50: the buckets give 256");
  EXPECT_EQ(with_p50(256).find("percentiles"), std::string::npos);
  EXPECT_THAT(in_load([](Json& load) { load["latency"]["response"]["buckets"][0][0] = 1'000'000'000'000; }),
              HasSubstr("/rounds/0/load/latency/response/buckets: no bucket begins at 1000000000000"));
  EXPECT_THAT(in_load([](Json& load) { load["latency"]["response"]["buckets"][0][0] = 1ULL << 40; }),
              HasSubstr("/rounds/0/load/latency/response/buckets: should ascend"));
  EXPECT_EQ(in_load([](Json& load) { load["latency"]["response"]["min"] = 1; }),
            "run.json: /rounds/0/load/latency/response/min: is not in the bucket from 47872 to 48127");
  EXPECT_EQ(in_load([](Json& load) { load["latency"]["response"]["max"] = nullptr; }),
            "run.json: /rounds/0/load/latency/response/max: is not in the bucket from 15728640 to 15794175");
}

}  // namespace
}  // namespace fanin::harness
