#include <fmt/format.h>

#include "harness/analysis/compare.h"
#include "harness/analysis/summary.h"
#include "os/printable.h"

namespace fanin::harness {
namespace {

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter:
      return "better";
    case Verdict::kWorse:
      return "WORSE";
    case Verdict::kEquivalent:
      return "equivalent";
    case Verdict::kInconclusive:
      break;
  }
  return "inconclusive";
}

std::string interval_text(const std::optional<Interval>& interval) {
  return interval ? fmt::format("[{:.3f}, {:.3f}]", interval->low, interval->high) : "too few rounds";
}

std::string totals(const Comparison& comparison) {
  int counts[4] = {};
  for (const MetricComparison& metric : comparison.metrics) {
    ++counts[static_cast<int>(metric.verdict)];
  }
  return fmt::format("{} better, {} worse, {} equivalent, {} inconclusive", counts[0], counts[1], counts[2], counts[3]);
}

}  // namespace

std::string describe_comparison(const Comparison& comparison) {
  std::string text = fmt::format("{:<28} {:<26} {:>10} {:>10} {:>7}  {:<16} {}\n", "cell", "metric", "first", "second",
                                 "ratio", "95 % interval", "verdict");
  for (const MetricComparison& metric : comparison.metrics) {
    text +=
        fmt::format("{:<28} {:<26} {:>10} {:>10} {:>7.3f}  {:<16} {}{}\n", printable(metric.cell), metric.metric,
                    format_figure(metric.first, metric.unit), format_figure(metric.second, metric.unit), metric.ratio,
                    interval_text(metric.interval), name_of(metric.verdict), metric.marked ? " !" : "");
  }
  for (const UncomparedCell& cell : comparison.uncompared) {
    text += fmt::format("{:<28} {}{}\n", printable(cell.cell), printable(cell.reason),
                        cell.worse ? " (counts as WORSE)" : "");
  }
  if (!comparison.notes.empty()) {
    text += "\n! Not all rounds behind these are valid:\n";
  }
  for (const std::string& note : comparison.notes) {
    text += "  " + printable(note) + "\n";
  }
  if (!comparison.differences.empty()) {
    text += "\nThe environments differ, which may explain some of it:\n";
  }
  for (const std::string& line : comparison.differences) {
    text += "  " + printable(line) + "\n";
  }
  return text + "\n" + totals(comparison) + "\n";
}

}  // namespace fanin::harness
