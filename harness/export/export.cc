#include "harness/export/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <stdexcept>

#include "harness/analysis/run_file.h"
#include "harness/suite/schema.h"
#include "harness/verdict/verdict.h"

namespace fanin::harness {
namespace {

constexpr std::string_view kRun = "fanin-run";
constexpr std::string_view kLoad = "fanin-load";
constexpr std::string_view kSweep = "fanin-load-sweep";
constexpr std::string_view kInterleaving = "fanin-load-interleaving";
constexpr std::string_view kVerdict = "fanin-verdict";

struct Writer {
  ExportFormat format;
  std::function<std::string(const Json&, const ExportOptions&)> write;
};

template <typename Function>
std::function<std::string(const Json&, const ExportOptions&)> ignoring_options(Function function) {
  return [function](const Json& document, const ExportOptions&) { return function(document); };
}

const std::vector<Writer>& writers() {
  static const std::vector<std::string_view> kMeasured{kRun, kLoad, kSweep, kInterleaving};
  static const std::vector<std::string_view> kAll{kRun, kLoad, kSweep, kInterleaving, kVerdict};
  static const std::vector<Writer> kWriters{
      {{"csv", "one line per cell and metric", {kRun, kVerdict}}, ignoring_options(to_csv)},
      {{"openmetrics", "OpenMetrics text, for GitLab and Prometheus", kAll}, ignoring_options(to_openmetrics)},
      {{"google-benchmark", "JSON that Google Benchmark's compare.py reads", {kRun}},
       ignoring_options(to_google_benchmark)},
      {{"bencher", "Bencher Metric Format", kAll}, ignoring_options(to_bencher)},
      {{"benchmark-action-smaller", "github-action-benchmark, customSmallerIsBetter", kAll},
       ignoring_options([](const Json& document) { return to_benchmark_action(document, false); })},
      {{"benchmark-action-bigger", "github-action-benchmark, customBiggerIsBetter", kAll},
       ignoring_options([](const Json& document) { return to_benchmark_action(document, true); })},
      {{"hgrm", "HdrHistogram's percentile table of one cell, in ms", kMeasured},
       [](const Json& document, const ExportOptions& options) { return to_hgrm(document, options.histogram); }},
      {{"hlog", "HdrHistogram's interval log, one line per round, in ns", kMeasured},
       [](const Json& document, const ExportOptions& options) { return to_hlog(document, options.histogram); }},
      {{"junit", "JUnit XML: a test case per cell and metric", {kVerdict}}, ignoring_options(to_junit)},
      {{"markdown", "GitHub's job summary", {kVerdict}},
       [](const Json& document, const ExportOptions& options) { return to_markdown(document, options.link); }},
      {{"github", "GitHub's annotations, for standard output", {kVerdict}}, ignoring_options(to_github)},
  };
  return kWriters;
}

std::string_view describe_kind(std::string_view schema) {
  return schema == kRun       ? "a run.json"
         : schema == kVerdict ? "verdicts of fanin ab or compare"
                              : "a result of fanin-load";
}

}  // namespace

const std::vector<ExportFormat>& export_formats() {
  static const std::vector<ExportFormat> kFormats = [] {
    std::vector<ExportFormat> formats;
    for (const Writer& writer : writers()) {
      formats.push_back(writer.format);
    }
    return formats;
  }();
  return kFormats;
}

bool is_without_figures(const Json& document, std::string_view format) {
  const bool takes_measured = std::any_of(writers().begin(), writers().end(), [format](const Writer& each) {
    return each.format.name == format && each.format.takes != std::vector{kVerdict};
  });
  return takes_measured && figures(document).empty();
}

Json load_measured(const std::string& path) {
  const std::string file = find_run_file(path);
  Json document = load_json(file);
  const JsonReader reader(document, file);
  const auto schema = reader.find("schema");
  const auto is = [&schema](std::string_view name) { return schema && schema->value() == name; };
  if (is(kLoad)) {
    check_schema(reader, "load");
  } else if (is(kSweep)) {
    check_schema(reader, "load-sweep");
  } else if (is(kInterleaving)) {
    check_schema(reader, "load-interleaving");
  } else if (is(kVerdict)) {
    judgement_from_json(reader);
  } else {
    check_run(reader);
  }
  return document;
}

std::string export_document(const Json& document, std::string_view format, const ExportOptions& options) {
  const auto writer = std::find_if(writers().begin(), writers().end(),
                                   [format](const Writer& each) { return each.format.name == format; });
  if (writer == writers().end()) {
    std::vector<std::string_view> names;
    for (const ExportFormat& each : export_formats()) {
      names.push_back(each.name);
    }
    throw std::invalid_argument(fmt::format("--format {}: choose one of {}", format, fmt::join(names, ", ")));
  }
  const auto& takes = writer->format.takes;
  if (std::find(takes.begin(), takes.end(), document.at("schema").get_ref<const std::string&>()) == takes.end()) {
    std::vector<std::string_view> kinds;
    std::transform(takes.begin(), takes.end(), std::back_inserter(kinds), describe_kind);
    kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());  // results of fanin-load have three schemas
    throw std::invalid_argument(fmt::format("--format {}: give {}", format, fmt::join(kinds, ", or ")));
  }
  return writer->write(document, options);
}

}  // namespace fanin::harness
