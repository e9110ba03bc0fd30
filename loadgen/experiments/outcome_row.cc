#include "loadgen/experiments/outcome_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "loadgen/reports/first_mismatch.h"
#include "loadgen/reports/report_text.h"
#include "os/format.h"

namespace fanin::load {
namespace {

// Each code once, in the order of the first.
std::vector<ReasonCode> distinct_codes(const std::vector<const Outcome*>& outcomes) {
  std::vector<ReasonCode> codes;
  for (const Outcome* outcome : outcomes) {
    for (const Reason& reason : outcome->verdict.reasons) {
      if (std::find(codes.begin(), codes.end(), reason.code) == codes.end()) {
        codes.push_back(reason.code);
      }
    }
  }
  return codes;
}

}  // namespace

std::string outcome_heading() {
  return fmt::format("{:>14}{:>12}{:>12}{:>12}  {}", "achieved", "p50", "p99", "p99.9", "verdict");
}

std::string outcome_row(const Outcome& outcome) {
  const bool invalid = outcome.verdict.status == Status::kInvalid;
  const LoadResult& result = outcome.result;
  std::string row = fmt::format("{:>14}", result.window > Nanoseconds(0) ? format_rate(result.requests_per_s()) : "-");
  for (const unsigned per_10000 : {5000U, 9900U, 9990U}) {
    const std::string text = percentile_text(result.response, per_10000);
    row += fmt::format("{:>12}", invalid ? "(" + text + ")" : text);
  }
  row += fmt::format("  {}", status_name(outcome.verdict.status));
  std::string_view separator = ": ";
  for (const ReasonCode code : distinct_codes({&outcome})) {
    row += fmt::format("{}{}", std::exchange(separator, ", "), reason_entry(code).name);
  }
  return row;
}

std::string outcome_notes(const std::vector<const Outcome*>& outcomes) {
  std::string text;
  for (const ReasonCode code : distinct_codes(outcomes)) {
    const ReasonEntry& entry = reason_entry(code);
    text += fmt::format("{}  {}: {}: {}\n", text.empty() ? "\n" : "", entry.name, entry.meaning, entry.advice);
  }
  text = wrapped(text, kTextWidth, 4);
  const auto wrong = std::find_if(outcomes.begin(), outcomes.end(),
                                  [](const Outcome* outcome) { return outcome->result.first_mismatch.has_value(); });
  return wrong == outcomes.end() ? text : text + "\n" + mismatch_lines((*wrong)->plan, (*wrong)->result);
}

}  // namespace fanin::load
