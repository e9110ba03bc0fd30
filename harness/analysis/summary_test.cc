#include "harness/analysis/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;

Json round_with(double throughput, const Json& p99, const char* status = "ok") {
  return {{"cell", "x/y/1"},
          {"status", status},
          {"reason", std::string(status) == "ok" ? Json(nullptr) : Json("because")},
          {"load",
           {{"throughput", {{"requests_per_s", throughput}}},
            {"latency", {{"response", {{"percentiles", {{"p99", p99}}}}}}},
            {"requests", {{"completed", 100}}}}},
          {"server", {{"voluntary_switches", 150}, {"involuntary_switches", 50}}}};
}

std::vector<const Json*> pointers_to(const std::vector<Json>& rounds) {
  std::vector<const Json*> all;
  for (const Json& round : rounds) {
    all.push_back(&round);
  }
  return all;
}

Json summary_of(const std::vector<Json>& rounds, const std::string& metric) {
  for (const Json& summary : summarise_cell("x/y/1", pointers_to(rounds))) {
    if (summary["metric"] == metric) {
      return summary;
    }
  }
  return nullptr;
}

TEST(Summary, TakesRoundsThatAreOk) {
  const std::vector<Json> rounds{round_with(10, 5), round_with(30, 5), round_with(20, 5),
                                 round_with(1000, 5, "invalid")};
  const Json summary = summary_of(rounds, "throughput_per_s");
  EXPECT_EQ(summary["n"], 3);
  EXPECT_EQ(summary["median"], 20);
  EXPECT_EQ(summary["low"], 10);
  EXPECT_EQ(summary["high"], 30);
  EXPECT_NEAR(summary["coverage"].get<double>(), 0.75, 1e-12);
  EXPECT_EQ(summary_of(rounds, "server_switches_per_request")["median"], 2);
}

// The bug: what happened in the window was divided by replies that came after it as well.
TEST(Summary, AnAmountOfTheWindowIsPerReplyWithinIt) {
  Json round = round_with(10, 5);
  EXPECT_EQ(metric_of(round, "server_switches_per_request"), 2);  // a round of a version without that count
  round["load"]["throughput"]["completed_in_window"] = 50;
  EXPECT_EQ(metric_of(round, "server_switches_per_request"), 4);
  EXPECT_EQ(per_reply_in_window(600, round["load"]), 12);
  EXPECT_TRUE(per_reply_in_window(nullptr, round["load"]).is_null());
  EXPECT_TRUE(per_reply_in_window(600, nullptr).is_null());
  round["load"]["throughput"]["completed_in_window"] = 0;
  EXPECT_TRUE(per_reply_in_window(600, round["load"]).is_null());
}

Json counted_round() {
  return Json::parse(R"({"cell":"x/y/1","status":"ok","reason":null,
    "load":{"throughput":{"requests_per_s":27,"completed_in_window":50,"completed_in_run":100},"requests":{"sent":60,"completed":54},
            "connections":{"requested":10,"served":8},"window":{"duration_ns":1000,"active_ns":500},
            "classes":[{"name":"light","sent":40,"completed":38,"response":{"percentiles":{"p99":7}}},
                       {"name":"heavy","sent":20,"completed":16,"response":{"percentiles":{"p99":null}}}]},
    "server":{"cpu_ns":250,"cpu_user_ns":100,"cpu_system_ns":150,"voluntary_switches":null,"involuntary_switches":null,
      "counters":{"connections":{"closed_by_peer":7,"closed_by_server":1,"closed_on_error":0},
        "syscalls":{"recv":150,"send":100,"wait":40,"io_uring_enter":10,"epoll_ctl":20},
        "would_block":{"recv":25,"send":5},"connections_by_worker":[1,6,1],"events":{"returned":125},
        "switches":{"voluntary":30,"involuntary":20}}},
    "machine":{"cpu_per_request_ns":null}})");
}

// The bug: counts of the server's whole life divided by the replies of the window alone.
TEST(Metric, DividesCountersByTheRepliesOfTheWholeRun) {
  const Json round = counted_round();
  EXPECT_EQ(metric_of(round, "server_syscalls_per_request"), 3.2);
  EXPECT_EQ(metric_of(round, "server_waits_per_request"), 0.5);
  EXPECT_EQ(metric_of(round, "server_events_per_wait"), 2.5);
  EXPECT_EQ(metric_of(round, "server_epoll_ctl_per_request"), 0.2);
  EXPECT_EQ(metric_of(round, "server_would_block_per_request"), 0.3);
  EXPECT_EQ(metric_of(round, "max_worker_share"), 0.75);
}

TEST(Metric, DividesTheRestByWhatItIsAShareOf) {
  const Json round = counted_round();
  EXPECT_EQ(metric_of(round, "server_cpu_user_per_request_ns"), 2);
  EXPECT_EQ(metric_of(round, "server_cpu_system_per_request_ns"), 3);
  EXPECT_EQ(metric_of(round, "server_cpu_utilisation"), 0.5);  // of the time in which it was driven
  EXPECT_EQ(metric_of(round, "connections_served_share"), 0.8);
  EXPECT_EQ(metric_of(round, "requests_answered_share"), 0.9);
}

// Would catch: switches that are missing where processes come and go, although the server has counted them; and the
// server's count in the place of the window's.
TEST(Metric, SwitchesAreTheServersOwnWhereTheWindowHasNone) {
  Json round = counted_round();
  EXPECT_EQ(metric_of(round, "server_switches_per_request"), 0.5);
  round["server"]["voluntary_switches"] = 10;
  round["server"]["involuntary_switches"] = 15;
  EXPECT_EQ(metric_of(round, "server_switches_per_request"), 0.5);
  round["server"]["voluntary_switches"] = 35;
  EXPECT_EQ(metric_of(round, "server_switches_per_request"), 1);
  round["server"]["counters"] = nullptr;
  EXPECT_TRUE(metric_of(round, "server_syscalls_per_request").is_null());
}

TEST(Metric, IsKnownByClassWhereTheGeneratorHasIt) {
  const Json round = counted_round();
  EXPECT_EQ(metric_of(round, "response_p99_ns@light"), 7);
  EXPECT_EQ(metric_of(round, "requests_answered_share@light"), 0.95);
  EXPECT_EQ(metric_of(round, "throughput_per_s@heavy"), 8);
  EXPECT_TRUE(metric_of(round, "response_p99_ns@heavy").is_null());
  EXPECT_TRUE(metric_of(round, "response_p99_ns@lite").is_null());
  EXPECT_EQ(find_metric("response_p99_ns@light").unit, "ns");
  EXPECT_THROW(metric_of(round, "response@light"), std::out_of_range);
}

std::string metric_complaint(const std::string& metric, const Json& workload) {
  try {
    check_metric(metric, Workload::parse(JsonReader(workload, "w")));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

// Would catch: a misspelt class that is measured for a minute and then has no value.
TEST(Metric, OfAClassIsCheckedBeforeAnythingIsMeasured) {
  const Json mixed =
      Json::parse(R"({"protocol":"echo","mix":[{"weight":9,"name":"light"},{"weight":1,"payload_bytes":9000}]})");
  EXPECT_EQ(metric_complaint("response_p99_ns@light", mixed), "");
  EXPECT_EQ(metric_complaint("response_p99_ns@payload-bytes=9000", mixed), "");
  EXPECT_EQ(metric_complaint("response_p99_ns", {{"protocol", "echo"}}), "");
  EXPECT_EQ(metric_complaint("response_p99_ns@lite", mixed),
            "metric 'response_p99_ns@lite': the workload has no class 'lite': it has light, payload-bytes=9000");
  EXPECT_EQ(metric_complaint("response_p99_ns@light", {{"protocol", "echo"}}),
            "metric 'response_p99_ns@light': the workload has no classes of requests: give it a mix");
  EXPECT_EQ(metric_complaint("server_rss_bytes@light", mixed),
            "there is no metric 'server_rss_bytes@light': by class there are only throughput_per_s, response_p50_ns, "
            "response_p99_ns, response_p999_ns, requests_answered_share");
  EXPECT_THAT(metric_complaint("response@light", mixed), HasSubstr("there is no metric 'response': "));
}

// Would catch: "it could not be read" of what no single server can have.
TEST(Metric, NullHasTheReasonThatTheRoundsGive) {
  Json round = counted_round();
  round["server"]["counters"]["syscalls"]["wait"] = 0;
  round["server"]["counters"]["syscalls"]["io_uring_enter"] = 0;
  EXPECT_EQ(summary_of({round}, "server_events_per_wait")["reason"],
            "no round has this value: there is nothing to divide by: the count is 0");
  round["interleaved"] = 3;
  round["server"]["counters"] = nullptr;
  EXPECT_EQ(summary_of({round}, "machine_cpu_per_request_ns")["reason"],
            "no round has this value: it is a figure of the machine, for all servers of the interleaved unit together");
  EXPECT_EQ(summary_of({round}, "server_events_per_wait")["reason"],
            "no round has this value: this server has no counters: only models of fanin-server count");
}

// Would catch: a p99 that looks fine because the rounds in which it is infinite were left out.
TEST(Summary, IsNullWhereARoundLacksTheValue) {
  const Json summary = summary_of({round_with(1, 5), round_with(1, nullptr)}, "response_p99_ns");
  EXPECT_TRUE(summary["median"].is_null());
  EXPECT_THAT(summary["reason"].get<std::string>(), HasSubstr("only 1 of 2 rounds"));
}

TEST(Summary, IsNullWithAReasonWithoutRounds) {
  const Json summary = summary_of({round_with(1, 5, "failed")}, "throughput_per_s");
  EXPECT_TRUE(summary["median"].is_null());
  EXPECT_EQ(summary["reason"], "no round is ok");
}

TEST(Summary, JudgesACell) {
  const auto judge = [](const std::vector<Json>& rounds) {
    return judge_cell(pointers_to(rounds), static_cast<int>(rounds.size()));
  };
  const Json good = round_with(1, 1);
  const Json invalid = round_with(1, 1, "invalid");
  const Json failed = round_with(1, 1, "failed");
  EXPECT_EQ(judge({good, good, failed}).status, "measured");
  EXPECT_EQ(judge({good, failed, failed}).status, "invalid");
  EXPECT_EQ(judge({good, failed, failed}).reason, "only 1 of 3 rounds are ok: because");
  EXPECT_EQ(judge({failed, failed}).status, "failed");
  EXPECT_EQ(judge({invalid, failed}).status, "invalid");
  EXPECT_EQ(judge_cell({}, 2).status, "pending");
  EXPECT_EQ(judge_cell(pointers_to({}), 1).reason, "0 of 1 round is done");
}

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json cell_of(int idle, const char* status = "measured", const Json& reason = nullptr, const char* server = "process") {
  return {{"id", std::string("idle-memory/") + server + "/" + std::to_string(idle)},
          {"experiment", "idle-memory"},
          {"server", server},
          {"parameter", "idle_connections"},
          {"value", idle},
          {"role", "measure"},
          {"status", status},
          {"reason", reason}};
}

Json round_of(int idle, int block, double pss, const char* status = "ok") {
  return {{"cell", "idle-memory/process/" + std::to_string(idle)},
          {"block", block},
          {"status", status},
          {"server", {{"pss_bytes", pss}, {"page_table_bytes", 4 * pss}, {"kernel_stack_bytes", 16384 * (idle + 1)}}},
          {"machine", {{"slab_bytes", 100 * idle - 7}}}};
}

std::vector<const Json*> pointers(const std::vector<Json>& values) {
  std::vector<const Json*> all;
  all.reserve(values.size());
  for (const Json& value : values) {
    all.push_back(&value);
  }
  return all;
}

Json slope_of(const Json& cells, const std::vector<Json>& rounds, const std::string& metric) {
  for (const Json& slope : summarise_slopes(cells, pointers(rounds))) {
    if (slope["metric"] == metric) {
      return slope;
    }
  }
  return nullptr;
}

// Expected: x = 0, 100, 500 has mean 200; y = 10, 110, 1210 has mean 443.333. Products of the deviations:
// -200 * -433.333 + -100 * -333.333 + 300 * 766.667 = 350000; squares: 40000 + 10000 + 90000 = 140000; 2.5 in all.
TEST(Slopes, AreLeastSquaresInABlock) {
  const std::vector<Json> cells{cell_of(0), cell_of(100), cell_of(500)};
  const std::vector<Json> rounds{round_of(500, 0, 1210), round_of(0, 0, 10), round_of(100, 0, 110)};
  const auto of = [&](const char* metric) { return block_slopes(pointers(cells), pointers(rounds), metric); };
  EXPECT_THAT(of("server_pss_bytes"), ElementsAre(DoubleEq(2.5)));
  EXPECT_THAT(of("server_page_table_bytes"), ElementsAre(DoubleEq(10)));
  EXPECT_THAT(of("server_kernel_stack_bytes"), ElementsAre(DoubleEq(16384)));
  EXPECT_THAT(of("machine_slab_bytes"), ElementsAre(DoubleEq(100)));
  EXPECT_THAT(of("memory_total_bytes"), ElementsAre(DoubleEq(2.5 + 10 + 16384 + 100)));  // slopes of a sum add up
}

// Blocks with slopes 1, 2 and 9: the median is 2, its widest interval covers 1 - 2/8.
TEST(Slopes, AreSummarisedOverBlocks) {
  const Json cells{cell_of(0), cell_of(10)};
  const std::vector<Json> rounds{round_of(0, 0, 5),   round_of(10, 0, 15), round_of(0, 1, 0),
                                 round_of(10, 1, 90), round_of(0, 2, 0),   round_of(10, 2, 20)};
  const Json slope = slope_of(cells, rounds, "server_pss_bytes");
  EXPECT_EQ(slope["n"], 3);
  EXPECT_EQ(slope["median"], 2);
  EXPECT_EQ(slope["low"], 1);
  EXPECT_EQ(slope["high"], 9);
  EXPECT_EQ(slope["coverage"], 0.75);
  EXPECT_EQ(slope["values"], Json({0, 10}));
  EXPECT_EQ(slope["experiment"], "idle-memory");
  EXPECT_EQ(slope["server"], "process");
}

// Would catch: a slope over other sweep values than in the other blocks, because one round of the block failed.
TEST(Slopes, LeaveOutBlocksWithAHole) {
  const std::vector<Json> cells{cell_of(0), cell_of(100), cell_of(500)};
  const std::vector<Json> rounds{round_of(0, 0, 0), round_of(100, 0, 100, "failed"), round_of(500, 0, 9999),
                                 round_of(0, 1, 0), round_of(100, 1, 300),           round_of(500, 1, 1500)};
  EXPECT_THAT(block_slopes(pointers(cells), pointers(rounds), "server_pss_bytes"), ElementsAre(DoubleEq(3)));
}

// What select cannot watch is no cell of the fit; the others carry it.
TEST(Slopes, DoWithoutUnsupportedValues) {
  const Json cells{cell_of(0), cell_of(100), cell_of(1000, "unsupported", "descriptors beyond 1023")};
  const std::vector<Json> rounds{round_of(0, 0, 0), round_of(100, 0, 100)};
  const Json slope = slope_of(cells, rounds, "server_pss_bytes");
  EXPECT_EQ(slope["median"], 1);
  EXPECT_EQ(slope["values"], Json({0, 100}));
}

TEST(Slopes, AreNullWithAReason) {
  const Json unsupported{cell_of(0), cell_of(100, "unsupported", "it serves 1 connection at a time")};
  const Json lone = slope_of(unsupported, {round_of(0, 0, 1)}, "server_pss_bytes");
  EXPECT_TRUE(lone["median"].is_null());
  EXPECT_EQ(lone["reason"], "1 of 2 sweep values was measured: it serves 1 connection at a time");
  std::vector<Json> rounds{round_of(0, 0, 1), round_of(10, 0, 1)};
  rounds[1]["machine"]["slab_bytes"] = nullptr;
  const Json slope = slope_of({cell_of(0), cell_of(10)}, rounds, "memory_total_bytes");
  EXPECT_EQ(slope["n"], 0);
  EXPECT_THAT(slope["reason"].get<std::string>(), HasSubstr("could not be read"));
  // Would catch: a run whose bytes per idle connection are always missing, and nobody knows how to get them.
  EXPECT_THAT(slope["reason"].get<std::string>(), HasSubstr("with 1 active one waits for it"));
  // The bug: of interleaved servers "slab memory had not settled".
  rounds[1]["interleaved"] = 3;
  EXPECT_EQ(slope_of({cell_of(0), cell_of(10)}, rounds, "memory_total_bytes")["reason"],
            "it is a figure of the machine, for all servers of the interleaved unit together");
  rounds[1]["status"] = "failed";
  const Json pss = slope_of({cell_of(0), cell_of(10)}, rounds, "server_pss_bytes");
  EXPECT_THAT(pss["reason"].get<std::string>(), EndsWith("a round failed, or it could not be read"));
}

TEST(Slopes, AreThoseOfIdleConnectionsAlone) {
  Json other = cell_of(10);
  other["parameter"] = "connections";
  Json control = cell_of(10);
  control["role"] = "aa";
  EXPECT_THAT(sloped_cells({other, control}), IsEmpty());
  EXPECT_EQ(sloped_cells({cell_of(0), cell_of(0, "measured", nullptr, "epoll"), cell_of(10)}).size(), 2U);
}

TEST(Figure, HasAUnitThatFits) {
  EXPECT_EQ(format_figure(152'340.0, "1/s"), "152k/s");
  EXPECT_EQ(format_figure(6'214, "ns"), "6.21 us");
  EXPECT_EQ(format_figure(4096, "bytes"), "4.00 KiB");  // as in the charts
  EXPECT_EQ(format_figure(1000, "1"), "1,000");         // 1000 threads are not "1.00k"
}

// Would catch: a value that could not be measured printed as 0.
TEST(Figure, NullIsNoNumber) {
  EXPECT_EQ(format_figure(nullptr, "ns"), "-");
  EXPECT_EQ(format_figure("12", "ns"), "-");
}

}  // namespace

}  // namespace fanin::harness
