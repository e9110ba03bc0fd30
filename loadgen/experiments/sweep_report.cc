#include "loadgen/experiments/sweep_report.h"

#include <fmt/format.h>

#include "loadgen/experiments/outcome_row.h"
#include "loadgen/reports/report_json.h"
#include "os/format.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

Json run_or_null(const std::optional<Outcome>& outcome) {
  return outcome ? result_json(outcome->plan, outcome->result, outcome->verdict) : Json();
}

}  // namespace

std::string sweep_heading(const Sweep& sweep) {
  return fmt::format("{:>14}{}\n", sweep.key == "rate" ? "rate asked" : sweep.key, outcome_heading());
}

std::string sweep_row(const Sweep& sweep, const SweptPoint& point) {
  const std::string value = sweep.key == "rate" ? format_rate(point.point.value) : point.point.text;
  return fmt::format("{:>14}{}\n", value,
                     point.outcome ? outcome_row(*point.outcome) : fmt::format("{:>14}  {}", "no run:", point.reason));
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
