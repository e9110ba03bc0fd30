#include "harness/export/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;

class Export : public ::testing::Test {
 protected:
  std::string write(const char* format, const HistogramChoice& choice = {}) const {
    return export_document(run_, format, choice);
  }
  const Json run_ = load_json(FANIN_TESTDATA "/run.json");
};

TEST_F(Export, CsvHasOneLinePerSummaryAndTheReasonOfWhatIsMissing) {
  const std::string text = write("csv");
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), 1 + run_.at("summaries").size());
  EXPECT_THAT(text, HasSubstr("e/epoll/1,e,epoll,connections,1,throughput_per_s,1/s,2,731.4095927896376,"));
  EXPECT_THAT(text, HasSubstr("\"no round has this value: too few samples, or it could not be read\""));
}

// Would catch: units that are not base units (OpenMetrics knows no nanoseconds), and samples of one family apart.
TEST_F(Export, OpenMetricsHasBaseUnitsAndEnds) {
  const std::string text = write("openmetrics");
  EXPECT_THAT(text, HasSubstr("# TYPE fanin_server_cpu_per_request_seconds gauge\n"
                              "# UNIT fanin_server_cpu_per_request_seconds seconds\n"));
  EXPECT_THAT(text,
              HasSubstr("fanin_server_cpu_per_request_seconds{cell=\"e/epoll/1\",statistic=\"median\"} 0.000116932"));
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

// The direction of a metric decides which of the two files it is in; each is in one.
TEST_F(Export, BenchmarkActionHasOneDirectionPerFile) {
  const Json bigger = Json::parse(write("benchmark-action-bigger"));
  const Json smaller = Json::parse(write("benchmark-action-smaller"));
  for (const Json& entry : bigger) {
    EXPECT_THAT(entry.at("name").get<std::string>(), HasSubstr("throughput_per_s"));
  }
  for (const Json& entry : smaller) {
    EXPECT_THAT(entry.at("name").get<std::string>(), Not(HasSubstr("throughput_per_s")));
  }
  EXPECT_EQ(bigger.size(), 2U);
  EXPECT_EQ(bigger.size() + smaller.size(), figures(run_).size());
}

TEST_F(Export, GoogleBenchmarkHasTheTimeOfARequest) {
  const Json document = Json::parse(write("google-benchmark"));
  ASSERT_EQ(document.at("benchmarks").size(), 4U);
  for (const Json& entry : document.at("benchmarks")) {
    EXPECT_NEAR(entry.at("real_time").get<double>() * entry.at("items_per_second").get<double>(), 1e9, 1);
  }
}

// Would catch: bucket borders off by one. A row's value is the highest of its bucket; the last is the maximum.
TEST_F(Export, HgrmHoldsOneCell) {
  EXPECT_THROW(write("hgrm"), std::invalid_argument);
  EXPECT_THROW(write("hgrm", {.cell = "e/epoll/3"}), std::invalid_argument);
  const std::string text = write("hgrm", {.cell = "e/epoll/1"});
  EXPECT_THAT(text, HasSubstr("Total count    ="));
  EXPECT_THAT(text, HasSubstr("    0.042495 "));  // bucket 42240 is 256 wide
}

TEST_F(Export, HlogTagsEachRoundWithItsCell) {
  const std::string text = write("hlog");
  EXPECT_THAT(text, HasSubstr("#[Histogram log format version 1.3]\n"));
  std::size_t tags = 0;
  for (std::size_t at = text.find("Tag=e/epoll/"); at != std::string::npos; at = text.find("Tag=e/epoll/", at + 1)) {
    ++tags;
  }
  EXPECT_EQ(tags, 4U);
}

// A load result is one round: its figures are those of a run's round.
TEST_F(Export, TakesALoadResult) {
  const Json load = run_.at("rounds").at(0).at("load");
  EXPECT_THAT(export_document(load, "bencher", {}), HasSubstr("throughput_per_s"));
  EXPECT_THAT(export_document(load, "hgrm", {}), HasSubstr("Total count"));
  EXPECT_THROW(export_document(load, "csv", {}), std::invalid_argument);
  EXPECT_THROW(export_document(load, "xml", {}), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::harness
