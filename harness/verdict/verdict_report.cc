#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "harness/analysis/summary.h"
#include "harness/verdict/verdict.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

// "+1.46 %"; the change that a ratio is.
std::string format_change(double ratio) { return fmt::format("{:+.2f} %", (ratio - 1) * 100); }

std::string_view verdict_text(const MetricVerdict& metric) {
  const std::string_view name = outcome_name(metric);
  return name == verdict_name(Verdict::kWorse) ? "WORSE" : name;
}

std::string metric_row(const MetricVerdict& metric, int width) {
  return fmt::format("{:<{}} {:<26} {:>10} {:>10}  {:<26} {:>6} {:>9}  {}\n", os::printable(metric.cell), width,
                     metric.metric, metric.base ? format_figure(*metric.base, metric.unit) : "-",
                     metric.now ? format_figure(*metric.now, metric.unit) : "-", format_ratio(metric.ratio),
                     fmt::format("{:g} %", metric.band * 100), format_share(metric.smallest_effect),
                     verdict_text(metric));
}

// The control that is furthest from 1.
const MetricVerdict* widest_control(const Judgement& judgement) {
  const MetricVerdict* widest = nullptr;
  for (const MetricVerdict& metric : judgement.metrics) {
    if (metric.control &&
        (widest == nullptr || std::abs(std::log(metric.control->ratio)) > std::abs(std::log(widest->control->ratio)))) {
      widest = &metric;
    }
  }
  return widest;
}

std::string list(const char* heading, const std::vector<std::string>& lines) {
  std::string text = lines.empty() ? "" : fmt::format("\n{}\n", heading);
  for (const std::string& line : lines) {
    text += "  " + os::printable(line) + "\n";
  }
  return text;
}

std::array<std::size_t, 4> count_verdicts(const Judgement& judgement) {
  std::array<std::size_t, 4> totals{};
  for (const MetricVerdict& metric : judgement.metrics) {
    totals[static_cast<std::size_t>(metric.verdict)] += metric.control_failed ? 0 : 1;
  }
  return totals;
}

// Each reason once, with the first verdict that has it.
std::vector<std::string> list_reasons(const Judgement& judgement) {
  struct Reason {
    std::string text;
    std::string first;
    std::size_t count;
  };
  std::vector<Reason> reasons;
  for (const MetricVerdict& metric : judgement.metrics) {
    const auto known = std::find_if(reasons.begin(), reasons.end(),
                                    [&](const Reason& reason) { return reason.text == metric.reason; });
    if (known != reasons.end()) {
      ++known->count;
    } else if (!metric.reason.empty()) {
      reasons.push_back({metric.reason, fmt::format("{} {}", metric.cell, metric.metric), 1});
    }
  }
  std::vector<std::string> lines;
  for (const Reason& reason : reasons) {
    const std::string more = reason.count > 1 ? fmt::format(" and {} more", reason.count - 1) : "";
    lines.push_back(fmt::format("{}{}: {}", reason.first, more, reason.text));
  }
  return lines;
}

// The change is estimated from pairs of values, and the columns show the median of each side: they may contradict each
// other.
std::vector<std::string> list_contradictions(const Judgement& judgement) {
  std::vector<std::string> lines;
  for (const MetricVerdict& metric : judgement.metrics) {
    if (!metric.ratio || !metric.base || !metric.now || *metric.base <= 0) {
      continue;
    }
    const double of_medians = *metric.now / *metric.base;
    const bool is_shown = format_figure(*metric.base, metric.unit) != format_figure(*metric.now, metric.unit);
    if (is_shown && (of_medians - 1) * (metric.ratio->ratio - 1) < 0) {
      lines.push_back(fmt::format("{} {}: medians {}, pairs {}: the pairs decide", metric.cell, metric.metric,
                                  format_change(of_medians), format_change(metric.ratio->ratio)));
    }
  }
  return lines;
}

}  // namespace

std::string format_ratio(const std::optional<RatioEstimate>& ratio) {
  if (!ratio) {
    return "-";
  }
  return ratio->interval ? fmt::format("{} [{:+.2f}, {:+.2f}]", format_change(ratio->ratio),
                                       (ratio->interval->low - 1) * 100, (ratio->interval->high - 1) * 100)
                         : format_change(ratio->ratio) + " (no interval)";
}

std::string format_share(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f} %", *share * 100) : "-";
}

std::vector<const MetricVerdict*> order_by_harm(const Judgement& judgement) {
  std::vector<const MetricVerdict*> ordered;
  for (const MetricVerdict& metric : judgement.metrics) {
    ordered.push_back(&metric);
  }
  const auto rank = [](const MetricVerdict* metric) {
    const bool worse = !metric->control_failed && metric->verdict == Verdict::kWorse;
    const double change = metric->ratio ? std::log(metric->ratio->ratio) : 0;
    return std::tuple(worse, metric->ratio.has_value(), metric->higher_is_better ? -change : change);
  };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&rank](const MetricVerdict* a, const MetricVerdict* b) { return rank(a) > rank(b); });
  return ordered;
}

std::vector<ReceiptLine> make_receipt(const Judgement& judgement) {
  std::vector<ReceiptLine> lines;
  if (const MetricVerdict* widest = widest_control(judgement)) {
    lines.push_back(
        {"control", fmt::format("base against a fresh copy of itself: at most {} ({} of {})",
                                format_ratio(widest->control), widest->metric, os::printable(widest->cell))});
  }
  std::optional<double> least;
  std::optional<double> most;
  for (const MetricVerdict& metric : judgement.metrics) {
    if (metric.smallest_effect) {
      least = std::min(least.value_or(*metric.smallest_effect), *metric.smallest_effect);
      most = std::max(most.value_or(*metric.smallest_effect), *metric.smallest_effect);
    }
  }
  const bool is_counted = !judgement.metrics.empty() && is_of_ledgers(judgement.metrics.front().metric);
  lines.push_back(
      {"could find", is_counted ? "any change beyond the band: counts have no noise"
                     : least    ? fmt::format("changes from {} (the narrowest) to {} (the widest), in 9 of 10 sessions",
                                              format_share(least), format_share(most))
                                : "nothing: there are too few units for an interval"});
  lines.push_back({"false alarms", judgement.procedure.false_alarms});
  lines.push_back({"method", judgement.procedure.method});
  return lines;
}

std::string describe_result(const Judgement& judgement) {
  const auto [better, worse, equivalent, undecided] = count_verdicts(judgement);
  const std::string totals =
      judgement.compares_kernels()
          ? fmt::format("{} with fewer instructions, {} with more, {} the same", better, worse, equivalent)
          : fmt::format("{} better, {} worse, {} equivalent, {} undecided", better, worse, equivalent, undecided);
  switch (judgement.exit_code()) {
    case ExitCode::kRegression:
      return (judgement.compares_kernels() ? "cells that changed: " : "regression: ") + totals;
    case ExitCode::kNotComparable:
      return "not comparable: " + judgement.obstacles.front();
    case ExitCode::kUndecided:
      return better + equivalent == 0 ? "nothing could be decided: " + totals : "not all could be decided: " + totals;
    case ExitCode::kFailed:
      return judgement.faults.empty() ? "invalid: the control is outside its band; " + totals
                                      : fmt::format("failed: {} without a usable result; {}",
                                                    os::plural(judgement.faults.size(), "cell"), totals);
    case ExitCode::kInterrupted:
      return "interrupted: " + totals;
    case ExitCode::kPassed:
    case ExitCode::kUsage:
      break;
  }
  return (judgement.compares_kernels() ? "cells that changed: " : "no regression: ") + totals;
}

std::string describe_judgement(const Judgement& judgement) {
  std::string text;
  std::size_t width = 4;
  for (const MetricVerdict& metric : judgement.metrics) {
    width = std::max(width, os::printable(metric.cell).size());
  }
  if (!judgement.metrics.empty()) {
    text += fmt::format("{:<{}} {:<26} {:>10} {:>10}  {:<26} {:>6} {:>9}  verdict\n", "cell", width, "metric", "base",
                        "new", "change of pairs [interval]", "band", "could find");
  }
  for (const MetricVerdict& metric : judgement.metrics) {
    text += metric_row(metric, static_cast<int>(width));
  }
  std::vector<std::string> faults;
  for (const CellFault& fault : judgement.faults) {
    faults.push_back(fmt::format("{}: {}: {}", fault.cell, fault.status, fault.reason));
  }
  text += list("Cells without a usable result:", faults) + list("Restrictions:", list_reasons(judgement)) +
          list("Medians that contradict the change:", list_contradictions(judgement)) +
          list("About the rounds:", judgement.notes) +
          list("The environments differ, which may explain some of it:", judgement.differences);
  text += "\n";
  for (const ReceiptLine& line : make_receipt(judgement)) {
    text += fmt::format("  {:<14} {}\n", line.label, line.text);
  }
  return text + "\n" + describe_result(judgement) + "\n";
}

}  // namespace fanin::harness
