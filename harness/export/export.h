#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// One figure of a run's cell, of a load result, or of a verdict.
struct Figure {
  std::string name;    // of the cell ("echo-closed/epoll/100", with "@CLASS" for a class), or of the load result (see
                       // load_results())
  std::string metric;  // a row of results/schema/metrics.json
  std::string unit;    // "1/s", "ns", "bytes" or "1"
  std::size_t rounds = 1;
  double value = 0;                // the median of the rounds
  std::optional<double> low = {};  // its interval
  std::optional<double> high = {};
  bool is_ratio = false;  // of a verdict: new to base; of interleaved targets: to the first

  std::string label() const { return is_ratio ? metric + "_ratio" : metric; }
};

// A result of fanin-load with its target, and of a sweep the value ("127.0.0.1:7000 rate=1000"). It stays the
// document's.
struct NamedLoad {
  std::string name;
  const Json* result;
};

// Of a load result itself, of the points of a sweep that have one, or of interleaved targets.
std::vector<NamedLoad> load_results(const Json& document);

// The summaries of a run with a median, the figures of load results, or what a verdict has of its new side and the
// ratios.
std::vector<Figure> figures(const Json& document);

// The formats. Each takes a document that its schema has accepted and returns the whole text of a file.

// RFC 4180, one line per summary, with the reasons of those without a median; or one per verdict and fault.
std::string to_csv(const Json& document);
// OpenMetrics 1.0 text: gauges in base units (seconds, bytes), with the label `statistic` (median or estimate, low,
// high).
std::string to_openmetrics(const Json& document);
// Google Benchmark's JSON, as its compare.py reads it: one entry per round and cell; real_time is the time per request
// (1 / throughput), cpu_time the server's CPU time per request, both in ns. Runs only.
std::string to_google_benchmark(const Json& run);
// Bencher Metric Format: {"NAME": {"METRIC": {"value", "lower_value", "upper_value"}}}.
std::string to_bencher(const Json& document);
// github-action-benchmark's custom formats: [{"name", "unit", "value", "range", "extra"}]. It has one direction per
// file: `bigger` selects metrics of which more is better.
std::string to_benchmark_action(const Json& document, bool bigger);
// JUnit XML: a test case per cell and metric. Worse is a failure; undecided is skipped, or a failure where it fails the
// session; faults, a void verdict and sides that are not comparable are errors. Verdicts only, as the next two.
std::string to_junit(const Json& verdict);
// GitHub's job summary, less than 64 KiB. `link`: where the report is, an address or a name; may be empty.
std::string to_markdown(const Json& verdict, const std::string& link);
// GitHub's workflow commands, at most ten of a type: the result is a notice, what fails the session an error, or a
// warning if it is undecided.
std::string to_github(const Json& verdict);

// Which histogram of which cell; a load result has no cells.
struct HistogramChoice {
  std::string cell;               // empty: the only one
  std::string kind = "response";  // or "service", "connect"
};

// HdrHistogram's percentile table (.hgrm) in ms, of all rounds of one cell added. Throws std::invalid_argument where
// the document has several cells and none is chosen, or the cell has no such histogram.
std::string to_hgrm(const Json& document, const HistogramChoice& choice);
// HdrHistogram's interval log (.hlog, version 1.3): one line per round, tagged with its cell; values in ns.
std::string to_hlog(const Json& document, const HistogramChoice& choice);

struct ExportOptions {
  HistogramChoice histogram;  // for hgrm, hlog
  std::string link;           // for markdown
};

struct ExportFormat {
  std::string_view name;
  std::string_view about;
  std::vector<std::string_view> takes;  // the values of "schema"
};

// The formats of `fanin export`.
const std::vector<ExportFormat>& export_formats();

// Whether a format of figures would be empty, since no cell of the document has one. Formats of verdicts alone say what
// failed.
bool is_without_figures(const Json& document, std::string_view format);

// Reads a run (run.json or its directory), a result of fanin-load or verdicts and checks them. Throws
// std::invalid_argument.
Json load_measured(const std::string& path);

// The text of a document in a format. Throws std::invalid_argument where the format is unknown, does not hold this kind
// of document, or needs a choice of histogram.
std::string export_document(const Json& document, std::string_view format, const ExportOptions& options);

}  // namespace fanin::harness
