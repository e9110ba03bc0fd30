#include "loadgen/experiments/rate_search_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/experiments/outcome_row.h"
#include "loadgen/reports/report_json.h"
#include "os/format.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

Json run_json(const Outcome& outcome) { return result_json(outcome.plan, outcome.result, outcome.verdict); }

Json objective_json(const Objective& objective) {
  return {{"text", objective.text},
          {"percentile", objective.percentile.label},
          {"limit_ns", objective.limit.count()},
          {"errors_share", objective.errors_share ? Json(*objective.errors_share) : Json()}};
}

// What a search that was cut short has shown nevertheless.
std::string met_so_far(const RateSearchResult& result) {
  double highest = 0;
  for (const Probe& probe : result.found.probes) {
    highest = probe.met ? std::max(highest, probe.rate_per_s) : highest;
  }
  return highest > 0 ? fmt::format("; {} met {}, not confirmed", format_rate(highest), result.objective.text) : "";
}

}  // namespace

std::string probe_heading() {
  return fmt::format("{:>14}  {:<13}{:<5}{}\n", "rate asked", "phase", "met", outcome_heading());
}

std::string probe_row(const Probe& probe, const Outcome& outcome) {
  return fmt::format("{:>14}  {:<13}{:<5}{}\n", format_rate(probe.rate_per_s), phase_name(probe.phase),
                     probe.met ? "yes" : "no", outcome_row(outcome));
}

std::string rate_search_text(const RateSearchResult& result) {
  const std::string& objective = result.objective.text;
  if (result.found.cut_short) {
    return fmt::format("\n  {} before a rate was found{}\n", result.interrupted ? "interrupted" : "ended",
                       met_so_far(result));
  }
  if (!result.found.rate_per_s) {
    const std::string reason = result.reason.empty() ? "" : "  " + result.reason + "\n";
    return wrapped(fmt::format("\n  no rate met {}: {}\n{}", objective, result.found.bound, reason), kTextWidth, 2);
  }
  return fmt::format("\n  highest rate  {} meets {} ({})\n  bounded by    {}\n", format_rate(*result.found.rate_per_s),
                     objective, result.found.probes.back().reason, result.found.bound);
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

}  // namespace fanin::load
