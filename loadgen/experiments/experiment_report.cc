#include "loadgen/experiments/experiment_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "loadgen/reports/assertions.h"
#include "loadgen/reports/report.h"
#include "os/format.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTextWidth = 100;

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

Json run_json(const Outcome& outcome) { return result_json(outcome.plan, outcome.result, outcome.verdict); }

Json objective_json(const Objective& objective) {
  return {{"text", objective.text},
          {"percentile", figure_name(objective.percentile)},
          {"limit_ns", static_cast<std::int64_t>(objective.percentile.bound)},
          {"errors_share", objective.errors ? Json(objective.errors->bound) : Json()}};
}

// The result so far of a search that was cut short.
std::string met_so_far(const RateSearchResult& result) {
  double highest = 0;
  for (const Probe& probe : result.found.probes) {
    highest = probe.met ? std::max(highest, probe.rate_per_s) : highest;
  }
  return highest > 0 ? fmt::format("; {} met {}, not confirmed", os::format_rate(highest), result.objective.text) : "";
}

Json run_or_null(const std::optional<Outcome>& outcome) {
  return outcome ? result_json(outcome->plan, outcome->result, outcome->verdict) : Json();
}

}  // namespace

std::string outcome_heading() {
  return fmt::format("{:>14}{:>12}{:>12}{:>12}  {}", "achieved", "p50", "p99", "p99.9", "verdict");
}

std::string outcome_row(const Outcome& outcome) {
  const bool invalid = outcome.verdict.status == Status::kInvalid;
  const LoadResult& result = outcome.result;
  std::string row =
      fmt::format("{:>14}", result.window > Nanoseconds(0) ? os::format_rate(result.requests_per_s()) : "-");
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
  text = os::wrapped(text, kTextWidth, 4);
  const auto wrong = std::find_if(outcomes.begin(), outcomes.end(),
                                  [](const Outcome* outcome) { return outcome->result.first_mismatch.has_value(); });
  return wrong == outcomes.end() ? text : text + "\n" + mismatch_lines((*wrong)->plan, (*wrong)->result);
}

std::string probe_heading() {
  return fmt::format("{:>14}  {:<13}{:<5}{}\n", "rate asked", "phase", "met", outcome_heading());
}

std::string probe_row(const Probe& probe, const Outcome& outcome) {
  return fmt::format("{:>14}  {:<13}{:<5}{}\n", os::format_rate(probe.rate_per_s), phase_name(probe.phase),
                     probe.met ? "yes" : "no", outcome_row(outcome));
}

std::string rate_search_text(const RateSearchResult& result) {
  const std::string& objective = result.objective.text;
  if (result.found.cut_short) {
    const std::string reason = result.interrupted ? "" : "  " + result.reason + "\n";
    return os::wrapped(fmt::format("\n  {} before a rate was found{}\n{}", result.interrupted ? "interrupted" : "ended",
                                   met_so_far(result), reason),
                       kTextWidth, 2);
  }
  if (!result.found.rate_per_s) {
    const std::string reason = result.reason.empty() ? "" : "  " + result.reason + "\n";
    return os::wrapped(fmt::format("\n  no rate met {}: {}\n{}", objective, result.found.bound, reason), kTextWidth, 2);
  }
  return fmt::format("\n  highest rate  {} meets {} ({})\n  bounded by    {}\n",
                     os::format_rate(*result.found.rate_per_s), objective, result.found.probes.back().reason,
                     result.found.bound);
}

Json rate_search_json(const RateSearchResult& result) {
  Json probes = Json::array();
  for (std::size_t i = 0; i < result.found.probes.size(); ++i) {
    const Probe& probe = result.found.probes[i];
    probes.push_back({{"rate_per_s", probe.rate_per_s},
                      {"phase", phase_name(probe.phase)},
                      {"met", probe.met},
                      {"reason", probe.reason},
                      {"result", run_json(result.runs[i])}});
  }
  const bool found = result.found.rate_per_s.has_value();
  return {{"schema", "fanin-load-search"},
          {"schema_version", 2},
          {"version", FANIN_VERSION},
          {"started_at", timestamp(result.started_at)},
          {"objective", objective_json(result.objective)},
          {"precision", result.precision},
          {"interrupted", result.interrupted},
          {"reason", result.reason.empty() ? Json() : Json(result.reason)},
          {"rate_per_s", found ? Json(*result.found.rate_per_s) : Json()},
          {"bound", result.found.bound},
          {"ceiling", result.ceiling ? run_json(*result.ceiling) : Json()},
          {"probes", std::move(probes)},
          {"confirming", found ? run_json(result.runs.back()) : Json()}};
}

std::string sweep_heading(const Sweep& sweep) {
  return fmt::format("{:>14}{}\n", sweep.key == "rate" ? "rate asked" : sweep.key, outcome_heading());
}

std::string sweep_row(const Sweep& sweep, const SweptPoint& point) {
  const std::string value = sweep.key == "rate" ? os::format_rate(point.point.value) : point.point.text;
  if (!point.outcome) {
    return fmt::format("{:>14}{:>14}  {}\n", value, "no run:", point.reason);
  }
  const Outcome& outcome = *point.outcome;
  return fmt::format("{:>14}{}\n{}", value, outcome_row(outcome),
                     assertion_lines(outcome.plan, outcome.result, outcome.verdict, std::string(16, ' ')));
}

Json sweep_json(const SweepResult& result) {
  Json points = Json::array();
  for (const SweptPoint& point : result.points) {
    points.push_back({{"value", point.point.value},
                      {"text", point.point.text},
                      {"reason", point.outcome ? Json() : Json(point.reason)},
                      {"result", run_or_null(point.outcome)}});
  }
  return {{"schema", "fanin-load-sweep"},
          {"schema_version", 2},
          {"version", FANIN_VERSION},
          {"started_at", timestamp(result.started_at)},
          {"parameter", {{"name", result.sweep.key}, {"unit", result.sweep.unit}}},
          {"interrupted", result.interrupted},
          {"ceiling", run_or_null(result.ceiling)},
          {"points", std::move(points)}};
}

}  // namespace fanin::load
