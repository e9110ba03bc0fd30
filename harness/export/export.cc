#include "harness/export/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <stdexcept>

#include "harness/analysis/run_file.h"
#include "harness/suite/schema.h"

namespace fanin::harness {
namespace {

struct Writer {
  ExportFormat format;
  std::function<std::string(const Json&, const HistogramChoice&)> write;
};

template <typename Function>
std::function<std::string(const Json&, const HistogramChoice&)> ignoring_choice(Function function) {
  return [function](const Json& document, const HistogramChoice&) { return function(document); };
}

const std::vector<Writer>& writers() {
  static const std::vector<Writer> kWriters{
      {{"csv", "one line per cell and metric", false}, ignoring_choice(to_csv)},
      {{"openmetrics", "OpenMetrics text, for GitLab and Prometheus", true}, ignoring_choice(to_openmetrics)},
      {{"google-benchmark", "JSON that Google Benchmark's compare.py reads", false},
       ignoring_choice(to_google_benchmark)},
      {{"bencher", "Bencher Metric Format", true}, ignoring_choice(to_bencher)},
      {{"benchmark-action-smaller", "github-action-benchmark, customSmallerIsBetter", true},
       ignoring_choice([](const Json& document) { return to_benchmark_action(document, false); })},
      {{"benchmark-action-bigger", "github-action-benchmark, customBiggerIsBetter", true},
       ignoring_choice([](const Json& document) { return to_benchmark_action(document, true); })},
      {{"hgrm", "HdrHistogram's percentile table of one cell, in ms", true}, to_hgrm},
      {{"hlog", "HdrHistogram's interval log, one line per round, in ns", true}, to_hlog},
  };
  return kWriters;
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

Json load_measured(const std::string& path) {
  std::error_code none;
  const std::string file = std::filesystem::is_directory(path, none) ? path + "/run.json" : path;
  Json document = load_json(file);
  const JsonReader reader(document, file);
  if (const auto schema = reader.find("schema"); schema && schema->value() == "fanin-load") {
    check_schema(reader, "load");
  } else {
    check_run(reader);
  }
  return document;
}

std::string export_document(const Json& document, std::string_view format, const HistogramChoice& choice) {
  const auto writer = std::find_if(writers().begin(), writers().end(),
                                   [format](const Writer& each) { return each.format.name == format; });
  if (writer == writers().end()) {
    std::vector<std::string_view> names;
    for (const ExportFormat& each : export_formats()) {
      names.push_back(each.name);
    }
    throw std::invalid_argument(fmt::format("--format {}: choose one of {}", format, fmt::join(names, ", ")));
  }
  if (document.at("schema") != "fanin-run" && !writer->format.takes_load) {
    throw std::invalid_argument(fmt::format("--format {} holds the rounds of a run: give a run.json", format));
  }
  return writer->write(document, choice);
}

}  // namespace fanin::harness
