#include "harness/export/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/verdict/verdict.h"

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;

class Export : public ::testing::Test {
 protected:
  std::string write(const char* format, const HistogramChoice& choice = {}) const {
    return export_document(run_, format, {.histogram = choice, .link = ""});
  }
  const Json run_ = load_json(FANIN_TESTDATA "/run.json");
};

TEST_F(Export, CsvHasOneLinePerSummaryAndTheReasonOfWhatIsMissing) {
  const std::string text = write("csv");
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), 1 + run_.at("summaries").size());
  EXPECT_THAT(text, HasSubstr("e/epoll/1,e,epoll,connections,1,throughput_per_s,1/s,2,731.4095927896376,"));
  EXPECT_THAT(text, HasSubstr("\"no round has this value: too few samples, or it could not be read\""));
}

// The bug: the export of a run whose cells are all invalid was empty without a word, and a dashboard's step passed.
TEST_F(Export, AnEmptyExportIsKnown) {
  Json failed = run_;
  for (Json& summary : failed.at("summaries")) {
    summary["median"] = nullptr;
  }
  EXPECT_TRUE(is_without_figures(failed, "openmetrics"));
  EXPECT_FALSE(is_without_figures(run_, "openmetrics"));
  EXPECT_FALSE(is_without_figures(failed, "junit"));
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
  // The bug: "no round of it has a response histogram" for a cell that the run does not have.
  EXPECT_THAT([&] { write("hgrm", {.cell = "e/epol/1"}); },
              testing::ThrowsMessage<std::invalid_argument>(
                  testing::StartsWith("--cell e/epol/1: the run has no such cell: the nearest are e/epoll/1")));
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
  EXPECT_THROW(export_document(load, "junit", {}), std::invalid_argument);
}

// Would catch: points without a result, and points that are one in the formats since their target is one.
TEST_F(Export, TakesASweep) {
  const Json load = run_.at("rounds").at(0).at("load");
  const auto point = [](int value, const Json& result) {
    return Json{{"value", value}, {"text", std::to_string(value)}, {"reason", nullptr}, {"result", result}};
  };
  const Json sweep{{"schema", "fanin-load-sweep"},
                   {"parameter", {{"name", "connections"}, {"unit", "1"}}},
                   {"points", {point(1, load), point(2, load), point(3, nullptr)}}};
  const Json results = Json::parse(export_document(sweep, "bencher", {}));
  ASSERT_EQ(results.size(), 2U);
  EXPECT_THAT(results.begin().key(), ::testing::EndsWith(" connections=1"));
  EXPECT_THROW(export_document(sweep, "hgrm", {}), std::invalid_argument);
  EXPECT_THAT(export_document(sweep, "hgrm", {.histogram = {.cell = results.begin().key()}, .link = ""}),
              HasSubstr("Total count"));
}

TEST_F(Export, TakesInterleavedTargetsWithTheirRatio) {
  Json load = run_.at("rounds").at(0).at("load");
  Json targets = Json::array();
  for (const int port : {7000, 7001}) {
    load["target"] = {{"host", "127.0.0.1"}, {"port", port}};
    targets.push_back({{"result", load}});
  }
  const Json comparison{
      {"first", 0},
      {"second", 1},
      {"blocks", 125},
      {"throughput", {{"estimate", 1.02}, {"low", 1.01}, {"high", 1.03}, {"coverage", 0.95}}},
      {"server_cpu_per_request", {{"estimate", 0.9}, {"low", nullptr}, {"high", nullptr}, {"coverage", nullptr}}}};
  const Json document{{"schema", "fanin-load-interleaving"}, {"targets", targets}, {"comparisons", {comparison}}};
  const Json results = Json::parse(export_document(document, "bencher", {}));
  EXPECT_EQ(results.at("127.0.0.1:7001").at("throughput_per_s_ratio"),
            (Json{{"value", 1.02}, {"lower_value", 1.01}, {"upper_value", 1.03}}));
  EXPECT_EQ(results.at("127.0.0.1:7001").at("server_cpu_per_request_ns_ratio"), (Json{{"value", 0.9}}));  // no interval
  EXPECT_TRUE(results.at("127.0.0.1:7000").contains("throughput_per_s"));
  EXPECT_FALSE(results.at("127.0.0.1:7000").contains("throughput_per_s_ratio"));
}

MetricVerdict make_metric(const std::string& cell, Verdict verdict, double ratio) {
  MetricVerdict metric{.cell = cell, .metric = "server_cpu_per_request_ns", .unit = "ns", .band = 0.01};
  metric.base = 1000;
  metric.now = 1000 * ratio;
  metric.ratio = RatioEstimate{ratio, statistics::Interval{ratio * 0.999, ratio * 1.001, 0.95}};
  metric.verdict = verdict;
  metric.units = 24;
  metric.smallest_effect = 0.012;
  return metric;
}

Judgement make_judgement() {
  Judgement judgement{.kind = "ab", .base = "build/base", .now = "build/head"};
  judgement.procedure = {.method = "a method", .error_rate = 0.01, .looks = {12, 24}, .false_alarms = "0 of 299"};
  return judgement;
}

// A judgement with a verdict of each kind, a failed control and a fault.
Judgement make_mixed_judgement() {
  Judgement judgement = make_judgement();
  judgement.metrics = {make_metric("e/epoll/1", Verdict::kEquivalent, 1),
                       make_metric("e/epoll/2", Verdict::kWorse, 1.2), make_metric("e/epoll/3", Verdict::kBetter, 0.8),
                       make_metric("e/epoll/4", Verdict::kUndecided, 1.01),
                       make_metric("e/epoll/5", Verdict::kEquivalent, 1)};
  judgement.metrics.back().control = RatioEstimate{1.1, statistics::Interval{1.05, 1.15, 0.95}};
  judgement.metrics.back().control_failed = true;
  judgement.faults = {{"e/poll/1", "failed", "the server ended"}};
  return judgement;
}

std::string write_judgement(const Judgement& judgement, const char* format, const std::string& link = "") {
  return export_document(judgement_to_json(judgement), format, {.histogram = {}, .link = link});
}

std::size_t count_text(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

TEST(ExportVerdict, JunitTellsFailuresFromErrorsAndFromWhatIsSkipped) {
  const std::string text = write_judgement(make_mixed_judgement(), "junit");
  EXPECT_THAT(text, HasSubstr("tests=\"6\" failures=\"1\" errors=\"2\" skipped=\"1\""));
  EXPECT_THAT(text, HasSubstr("<testcase classname=\"e/epoll/1\" name=\"server_cpu_per_request_ns\"/>"));
  EXPECT_THAT(text,
              HasSubstr("<failure message=\"worse: server_cpu_per_request_ns: +20.00 % [+19.88, +20.12], band 1 %, 24 "
                        "units\" type=\"worse\">"));
  EXPECT_THAT(text, HasSubstr("<error message=\"failed: the server ended\" type=\"failed\">"));
}

// Would catch: a report without a failure for a session that fails its build.
TEST(ExportVerdict, JunitFailsWhereTheSessionFails) {
  Judgement judgement = make_judgement();
  EXPECT_THAT(write_judgement(judgement, "junit"), HasSubstr("errors=\"1\""));  // nothing was compared
  judgement.obstacles = {"the CPU differs"};
  EXPECT_THAT(write_judgement(judgement, "junit"), HasSubstr("<error message=\"not comparable: the CPU differs\""));
  judgement.obstacles.clear();
  judgement.metrics = {make_metric("e/epoll/4", Verdict::kUndecided, 1.01)};  // nothing is decided: exit code 4
  EXPECT_THAT(write_judgement(judgement, "junit"), HasSubstr("failures=\"1\" errors=\"0\""));
  judgement.metrics.push_back(make_metric("e/epoll/1", Verdict::kEquivalent, 1));
  EXPECT_THAT(write_judgement(judgement, "junit"), HasSubstr("failures=\"0\" errors=\"0\" skipped=\"1\""));
  judgement.strict = true;
  EXPECT_THAT(write_judgement(judgement, "junit"), HasSubstr("failures=\"1\" errors=\"0\" skipped=\"0\""));
}

// Would catch: markup or characters that XML has no place for in the name of a cell.
TEST(ExportVerdict, JunitEscapesText) {
  Judgement judgement = make_judgement();
  judgement.metrics = {make_metric("a<b>&\"'\x01\xEF\xBF\xBF\xFF", Verdict::kEquivalent, 1)};
  EXPECT_THAT(write_judgement(judgement, "junit"), HasSubstr("classname=\"a&lt;b&gt;&amp;&quot;&apos;\\x01\\xff\""));
}

TEST(ExportVerdict, MarkdownNamesTheWorstFirst) {
  const std::string text = write_judgement(make_mixed_judgement(), "markdown", "https://example.org/report");
  EXPECT_THAT(text, HasSubstr("## fanin ab: regression: 1 better, 1 worse, 1 equivalent, 1 undecided\n"));
  EXPECT_THAT(text, HasSubstr("| 1 | 1 | 1 | 1 | 1 | 1 |"));
  EXPECT_LT(text.find("e/epoll/2"), text.find("e/epoll/4"));  // +20 % before +1 %
  EXPECT_THAT(text, HasSubstr("- control: base against a fresh copy of itself: at most +10.00 %"));
  EXPECT_THAT(text, HasSubstr("- false alarms: 0 of 299\n"));
  EXPECT_THAT(text, HasSubstr("[Report](https://example.org/report)"));
  EXPECT_THAT(write_judgement(make_judgement(), "markdown", "javascript:x)"), Not(HasSubstr("](")));
}

// Would catch: a summary that GitHub refuses for its length, and a name that ends its cell of the table.
TEST(ExportVerdict, MarkdownIsShorterThan64KiBWhateverTheInput) {
  Judgement judgement = make_judgement();
  const std::string hostile = "|`<script>" + std::string(3000, '|') + "\n\n# heading";
  judgement.base = hostile;
  judgement.procedure.false_alarms = hostile;
  for (int i = 0; i < 3000; ++i) {
    judgement.metrics.push_back(make_metric(std::to_string(i) + hostile, Verdict::kWorse, 1.2));
    judgement.faults.push_back({hostile, "failed", hostile});
    judgement.notes.push_back(hostile);
    judgement.differences.push_back(hostile);
  }
  const std::string text = write_judgement(judgement, "markdown", hostile);
  EXPECT_LT(text.size(), std::size_t{64} << 10);
  EXPECT_GT(text.size(), std::size_t{50} << 10);
  EXPECT_THAT(text, AllOf(Not(HasSubstr("<script>")), Not(HasSubstr("\n# heading")), Not(HasSubstr("`"))));
  EXPECT_THAT(text, ::testing::ContainsRegex("[0-9]+ more\n\n</details>\n$"));
}

// Would catch: annotations that GitHub drops without a word, since it shows ten of a type.
TEST(ExportVerdict, GithubShowsTenOfATypeAndCountsTheRest) {
  Judgement judgement = make_judgement();
  for (int i = 0; i < 25; ++i) {
    judgement.metrics.push_back(make_metric("e/epoll/" + std::to_string(i), Verdict::kWorse, 1.1 + i * 0.01));
  }
  const std::string text = write_judgement(judgement, "github");
  EXPECT_EQ(count_text(text, "::error "), 10U);
  EXPECT_THAT(text, HasSubstr("::notice title=fanin::15 more: see the summary of the job\n"));
  EXPECT_LT(text.find("e/epoll/24"), text.find("e/epoll/23"));  // the worst first
}

// Would catch: a name with a colon, a comma or a line break that ends the command or its property.
TEST(ExportVerdict, GithubEscapesAsTheToolkitDoes) {
  Judgement judgement = make_judgement();
  judgement.faults = {{"a:b,c%", "failed", "50 %\n::error::x"}};
  EXPECT_THAT(write_judgement(judgement, "github"),
              HasSubstr("::error title=a%3Ab%2Cc%25::failed: 50 %25\\n::error::x\n"));
}

TEST(ExportVerdict, GithubWarnsOfWhatIsUndecidedWhereThatFails) {
  Judgement judgement = make_judgement();
  judgement.metrics = {make_metric("e/epoll/4", Verdict::kUndecided, 1.01)};
  EXPECT_THAT(write_judgement(judgement, "github"), HasSubstr("::warning title=e/epoll/4::undecided: "));
  judgement.metrics.push_back(make_metric("e/epoll/1", Verdict::kEquivalent, 1));
  EXPECT_THAT(write_judgement(judgement, "github"), Not(HasSubstr("::warning")));
}

// Would catch: a green step of a session that was interrupted.
TEST(ExportVerdict, AnInterruptedSessionIsAnError) {
  Judgement judgement = make_judgement();
  judgement.metrics = {make_metric("e/epoll/1", Verdict::kEquivalent, 1)};
  judgement.interrupted = true;
  EXPECT_THAT(write_judgement(judgement, "github"), HasSubstr("::error title=fanin ab::interrupted: "));
  EXPECT_THAT(write_judgement(judgement, "junit"), HasSubstr("errors=\"1\""));
}

// The bug: "instructions_per_request is no metric of results/schema/metrics.json".
TEST(ExportVerdict, CountsAreFiguresToo) {
  Judgement judgement = make_judgement();
  judgement.metrics = {make_metric("e/epoll/1", Verdict::kEquivalent, 1)};
  judgement.metrics[0].metric = std::string(kInstructionsPerRequest);
  judgement.metrics[0].unit = "1";
  EXPECT_THAT(write_judgement(judgement, "openmetrics"), HasSubstr("instructions_per_request"));
  EXPECT_THAT(write_judgement(judgement, "benchmark-action-smaller"), HasSubstr("instructions_per_request"));
  EXPECT_EQ(write_judgement(judgement, "benchmark-action-bigger"), "[]\n");
}

TEST(ExportVerdict, FiguresAreTheNewSideAndItsRatio) {
  const Json bencher = Json::parse(write_judgement(make_mixed_judgement(), "bencher"));
  EXPECT_EQ(bencher.at("e/epoll/2").at("server_cpu_per_request_ns"), (Json{{"value", 1200.0}}));
  EXPECT_EQ(bencher.at("e/epoll/2").at("server_cpu_per_request_ns_ratio").at("lower_value"), 1.2 * 0.999);
  const std::string csv = write_judgement(make_mixed_judgement(), "csv");
  EXPECT_EQ(count_text(csv, "\r\n"), 7U);
  EXPECT_THAT(csv, HasSubstr("e/poll/1,,,,,,,,,,,,,,,,failed,the server ended\r\n"));
  EXPECT_THAT(csv, HasSubstr(",void,"));
  EXPECT_THROW(write_judgement(make_mixed_judgement(), "hlog"), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::harness
