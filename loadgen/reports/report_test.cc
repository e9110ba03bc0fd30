#include "loadgen/reports/report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "protocols/client_options.h"
#include "protocols/registry.h"

namespace fanin::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(HistogramJson, ShowsWhatCanBeShown) {
  Histogram histogram;
  for (int i = 0; i < 950; ++i) {
    histogram.record(microseconds(1));
  }
  histogram.record_uncompleted(50);
  const auto json = histogram_json(histogram);
  EXPECT_EQ(json["count"], 950);
  EXPECT_EQ(json["uncompleted"], 50);
  EXPECT_EQ(json["percentiles"]["p50"], 1000);  // the bucket of 1000 ns holds 1000 to 1003, the maximum is 1000
  EXPECT_EQ(json["percentiles"]["p95"], 1000);
  EXPECT_TRUE(json["percentiles"]["p99"].is_null());
  EXPECT_EQ(json["uncompleted_from"], "p99");
  EXPECT_EQ(json["buckets"], nlohmann::ordered_json::parse("[[1000,950]]"));
}

TEST(HistogramJson, NothingIsNullAndNotZero) {
  const auto json = histogram_json(Histogram());
  EXPECT_EQ(json["count"], 0);
  EXPECT_TRUE(json["min"].is_null());
  EXPECT_TRUE(json["mean"].is_null());
  EXPECT_TRUE(json["percentiles"]["p50"].is_null());
  EXPECT_FALSE(json.contains("uncompleted_from"));
}

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    plan_.target = net::Address::parse("127.0.0.1", 4711);
    plan_.use_protocol("echo", [] { return protocols::find_protocol("echo").make_client({}); });
    plan_.connections = 100;
    plan_.duration = milliseconds(2000);
    result_.opened_at = WallTime{};
    result_.window = milliseconds(2000);
    result_.sent = 2000;
    result_.completed = result_.completed_in_window = 1960;
    result_.unanswered = 40;
    result_.request_errors.add(ErrorKind::kTimeout, 40);
    result_.connection_errors.add(ErrorKind::kConnectRefused, 3);
    for (int i = 0; i < 1960; ++i) {
      result_.response.record(microseconds(100 + i % 100));
    }
    result_.response.record_uncompleted(40);
    result_.connections.established = 100;
    result_.served = 99;
  }

  std::string text() const { return result_text(plan_, result_, decide_verdict(plan_, result_)); }

  LoadPlan plan_;
  LoadResult result_;
};

TEST_F(ReportTest, TextSaysWhatHappened) {
  const std::string summary = text();
  for (const char* part : {"127.0.0.1:4711: echo, 64 bytes, closed loop, 100 connections", "980/s over 2.00 s",
                           "2,000 sent = 1,960 completed + 0 failed + 40 unanswered", "timeout", "connect_refused",
                           "99 served", "1 of 100 connections was never served: the figures are those of the other 99",
                           "40 of 2,000 requests failed or were not answered"}) {
    EXPECT_NE(summary.find(part), std::string::npos) << part << "\n" << summary;
  }
}

// The bug: CPU time of the window was divided by replies that came after it as well, so requests of an overloaded open
// loop looked cheaper than they were.
TEST_F(ReportTest, CpuTimeOfTheWindowIsThatOfTheRepliesWithinIt) {
  result_.completed_in_window = 1000;
  result_.generator.cpu_user = milliseconds(6);
  result_.generator.cpu_system = milliseconds(3);
  result_.spun = milliseconds(4);
  EXPECT_EQ(result_.generator_ns_per_request(), 5000.0);
  const auto json = result_json(plan_, result_, decide_verdict(plan_, result_));
  EXPECT_EQ(json["generator"]["cpu_per_request_ns"], 5000.0);
  EXPECT_EQ(json["requests"]["completed"], 1960);
  EXPECT_EQ(json["throughput"]["completed_in_window"], 1000);
  EXPECT_EQ(json["throughput"]["requests_per_s"], 500.0);
  result_.completed_in_window = 0;
  EXPECT_EQ(result_.generator_ns_per_request(), std::nullopt);
}

// Would catch: a summary that a terminal wraps; rows of the histogram that end in spaces.
TEST_F(ReportTest, NoLineIsLong) {
  plan_.target = net::Address::parse_target("unix:/" + std::string(80, 'x'));
  plan_.pipeline = 8;
  plan_.idle = 100'000;
  plan_.think_time = milliseconds(10);
  plan_.requests_per_connection = 100;
  std::istringstream lines(text());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 100U) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

// Would catch: a percentile among the failures that is printed as a number, or one with too few samples behind it.
TEST_F(ReportTest, PercentilesThatAreNoNumbersAreNotPrintedAsSuch) {
  std::istringstream lines(text());
  std::string row;
  while (row.find("  response") != 0) {
    ASSERT_TRUE(std::getline(lines, row));
  }
  std::istringstream cells(row);
  std::vector<std::string> values;
  for (std::string cell; cells >> cell;) {
    if (cell != "us") {
      values.push_back(cell);
    }
  }
  // response p50 p90 p95 p99 p99.9 p99.99 max mean
  ASSERT_EQ(values.size(), 9U) << row;
  EXPECT_EQ(values[4], "never");
  EXPECT_EQ(values[5], "-");
  EXPECT_EQ(values[6], "-");
  EXPECT_EQ(values[7], "199");
  EXPECT_NE(text().find("  never: the percentile is among the requests that failed or were not answered\n"),
            std::string::npos);
  EXPECT_NE(text().find("  -: too few requests for the percentile; p99 needs 1,000\n"), std::string::npos);
}

// The bug: ten lines of zeros for a server that does not run, and no advice.
TEST_F(ReportTest, NothingListensIsOneLine) {
  result_ = LoadResult{};
  result_.connection_errors.add(ErrorKind::kConnectRefused, 100);
  result_.unreachable = "no connection to 127.0.0.1:4711 came up: Connection refused";
  EXPECT_EQ(text(), headline(plan_) +
                        "\n\n  verdict       invalid: no connection to 127.0.0.1:4711 came up: Connection refused; "
                        "check the\n                  address and that the server runs\n");
  result_.connection_errors.add(ErrorKind::kTimeout, 3);
  EXPECT_NE(text().find("timeout"), std::string::npos) << "several causes are listed";
}

// The bug: "never" and "-" as response times, and a bottleneck, of a run in which no request was completed.
TEST_F(ReportTest, WithoutAReplyThereIsNoLatency) {
  result_.completed = result_.completed_in_window = 0;
  result_.response.clear();
  result_.response.record_uncompleted(2000);
  EXPECT_NE(text().find("  response    not measured: no request was completed\n"), std::string::npos) << text();
  EXPECT_EQ(text().find("never\n"), std::string::npos) << text();
  EXPECT_EQ(text().find("bottleneck"), std::string::npos) << text();
}

// The bug: kB of memory here and KiB in the charts.
TEST_F(ReportTest, MemoryIsInPowersOfTwoAndTrafficInPowersOfTen) {
  result_.bytes_received = 4'000'000;
  result_.generator.max_rss_bytes = 3 << 20;
  EXPECT_NE(text().find("2.00 MB/s in"), std::string::npos) << text();
  EXPECT_NE(text().find("3.00 MiB\n"), std::string::npos) << text();
}

// Would catch: a run that never measured but prints a throughput of 0 as if it were one.
TEST_F(ReportTest, NoWindowNoNumbers) {
  result_ = LoadResult{};
  EXPECT_EQ(text().find("throughput"), std::string::npos);
  const auto json = result_json(plan_, result_, decide_verdict(plan_, result_));
  EXPECT_TRUE(json["window"]["opened_at"].is_null());
  EXPECT_TRUE(json["throughput"]["requests_per_s"].is_null());
  EXPECT_EQ(json["verdict"]["status"], "invalid");
}

TEST_F(ReportTest, JsonAddsErrorsOfRequestsAndConnections) {
  const auto json = result_json(plan_, result_, decide_verdict(plan_, result_));
  EXPECT_EQ(json["errors"], nlohmann::ordered_json::parse(R"({"connect_refused":3,"timeout":40})"));
  EXPECT_EQ(json["throughput"]["requests_per_s"], 980.0);
}

// Would catch: 0 for what could not be read, as if no thread had ever waited for a CPU.
TEST_F(ReportTest, AWaitForACpuThatIsNotKnownIsNull) {
  const auto waited = [this] {
    return result_json(plan_, result_, decide_verdict(plan_, result_))["generator"]["run_queue_wait_ns"];
  };
  EXPECT_EQ(waited(), 0);
  result_.run_queue_wait.reset();
  EXPECT_TRUE(waited().is_null());
}

TEST_F(ReportTest, StatusesAreShownWhereThereAreSome) {
  EXPECT_TRUE(result_json(plan_, result_, decide_verdict(plan_, result_))["http"].is_null());
  EXPECT_EQ(text().find("statuses"), std::string::npos);
  plan_.use_protocol("http", [] { return protocols::find_protocol("http").make_client({}); });
  result_.statuses = {{200, 1960}, {404, 7}};
  EXPECT_NE(text().find("  statuses      200: 1,960, 404: 7\n"), std::string::npos) << text();
  EXPECT_EQ(result_json(plan_, result_, decide_verdict(plan_, result_))["http"],
            nlohmann::ordered_json::parse(R"({"statuses":{"200":1960,"404":7}})"));
}

TEST_F(ReportTest, AMixHasARowForEachClass) {
  EXPECT_TRUE(result_json(plan_, result_, decide_verdict(plan_, result_))["classes"].is_null());
  EXPECT_EQ(text().find("response of"), std::string::npos);
  plan_.mix = std::make_shared<const protocols::RequestMix>(1, std::vector<double>{99, 1});
  plan_.classes = {{.name = "light", .weight = 99, .text = "99 name=light", .request_bytes = 64},
                   {.name = "heavy", .weight = 1, .text = "1 name=heavy", .request_bytes = 65536}};
  result_.classes.resize(2);
  result_.classes[1] = {.sent = 5000, .completed = 1234, .failed = 3760, .unanswered = 6};
  result_.classes[1].response.record(milliseconds(7));
  std::istringstream lines(text());
  std::string row;
  while (row.find("  heavy") != 0) {
    ASSERT_TRUE(std::getline(lines, row)) << text();
  }
  EXPECT_NE(row.find(" 5,000 "), std::string::npos) << row;
  EXPECT_NE(row.find(" 3,760 "), std::string::npos) << row;
  EXPECT_NE(row.find(" 6 "), std::string::npos) << row;
  EXPECT_NE(row.find("7.00 ms"), std::string::npos) << row;
  const auto json = result_json(plan_, result_, decide_verdict(plan_, result_));
  EXPECT_EQ(json["workload"]["mix"], nlohmann::ordered_json::parse(R"(["99 name=light","1 name=heavy"])"));
  EXPECT_EQ(json["classes"][1]["name"], "heavy");
  EXPECT_EQ(json["classes"][1]["payload_bytes"], 65536);
  EXPECT_EQ(json["classes"][1]["unanswered"], 6);
  EXPECT_EQ(json["classes"][1]["response"]["count"], 1);
}

// Would catch: a class, a target, a file or a server's bytes that drive the terminal, or print a verdict of their own.
TEST_F(ReportTest, WhatComesFromOutsideIsPrintedInOneLineWithoutControlCharacters) {
  const std::string evil = "\x1b[2J\n  verdict       valid\r\xff";
  plan_.target = net::Address::of_socket_file("/tmp/" + evil);
  plan_.mix = std::make_shared<const protocols::RequestMix>(1, std::vector<double>{1});
  plan_.classes = {{.name = evil}};
  result_.classes.resize(1);
  Verdict verdict = decide_verdict(plan_, result_);
  for (const char c : result_text(plan_, result_, verdict)) {
    ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= ' ') << result_text(plan_, result_, verdict);
  }
  EXPECT_EQ(text().find("\n  verdict       valid"), std::string::npos) << text();
  result_.window = Nanoseconds(0);
  result_.unreachable = evil;
  EXPECT_EQ(decide_verdict(plan_, result_).reasons.front().text, "\\x1b[2J\\n  verdict       valid\\r\\xff");
}

// Would catch: a binary request that makes the report throw after the measurement is done.
TEST_F(ReportTest, BytesThatAreNoTextDoNotStopTheReport) {
  plan_.protocol_texts.emplace_back("payload", "\xff\xfe");
  EXPECT_NE(to_text(result_json(plan_, result_, decide_verdict(plan_, result_))).find("payload"), std::string::npos);
}

}  // namespace
}  // namespace fanin::load
