#include "loadgen/experiments/outcome_row.h"

#include <fmt/format.h>

#include "loadgen/reports/human_text.h"
#include "loadgen/reports/report_text.h"

namespace fanin {

std::string outcome_heading() {
  return fmt::format("{:>14}{:>12}{:>12}{:>12}  {}", "achieved", "p50", "p99", "p99.9", "verdict");
}

std::string outcome_row(const Outcome& outcome) {
  const bool invalid = outcome.verdict.status == Status::kInvalid;
  const LoadResult& result = outcome.result;
  std::string row = fmt::format("{:>14}", result.window > Nanoseconds(0) ? human_rate(result.requests_per_s()) : "-");
  for (const unsigned per_10000 : {5000U, 9900U, 9990U}) {
    const std::string text = percentile_text(result.response, per_10000);
    row += fmt::format("{:>12}", invalid ? "(" + text + ")" : text);
  }
  row += fmt::format("  {}", status_name(outcome.verdict.status));
  return outcome.verdict.reasons.empty() ? row : row + ": " + outcome.verdict.reasons.front();
}

}  // namespace fanin
