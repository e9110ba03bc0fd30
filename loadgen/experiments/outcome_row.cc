#include "loadgen/experiments/outcome_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "loadgen/reports/first_mismatch.h"
#include "loadgen/reports/format.h"
#include "loadgen/reports/report_text.h"

namespace fanin::load {

namespace {

// Each once, in the order in which they come.
std::vector<const Note*> distinct_notes(const std::vector<const Outcome*>& outcomes) {
  std::vector<const Note*> notes;
  for (const Outcome* outcome : outcomes) {
    for (const Note* note : outcome->verdict.notes) {
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) {
        notes.push_back(note);
      }
    }
  }
  return notes;
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
  for (const Note* note : distinct_notes({&outcome})) {
    row += fmt::format("{}{}", std::exchange(separator, ", "), note->code);
  }
  return row;
}

std::string outcome_notes(const std::vector<const Outcome*>& outcomes) {
  std::string text;
  for (const Note* note : distinct_notes(outcomes)) {
    text += fmt::format("{}  {}: {}\n", text.empty() ? "\n" : "", note->code, note->meaning);
  }
  const auto wrong = std::find_if(outcomes.begin(), outcomes.end(),
                                  [](const Outcome* outcome) { return outcome->result.first_mismatch.has_value(); });
  return wrong == outcomes.end() ? text : text + "\n" + mismatch_lines((*wrong)->plan, (*wrong)->result);
}

}  // namespace fanin::load
