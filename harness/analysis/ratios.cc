#include "harness/analysis/ratios.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "harness/analysis/summary.h"
#include "os/format.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

using Rounds = std::vector<const Json*>;

constexpr const char* kMetrics[] = {"throughput_per_s", "server_cpu_per_request_ns", "response_p99_ns"};

Json summarise_ratio(const std::string& cell, const std::string& baseline, const std::string& metric,
                     const std::vector<double>& logs) {
  Json ratio{{"cell", cell},   {"baseline", baseline}, {"metric", metric},    {"n", logs.size()}, {"ratio", nullptr},
             {"low", nullptr}, {"high", nullptr},      {"coverage", nullptr}, {"reason", nullptr}};
  if (logs.empty()) {
    ratio["reason"] = "no block has both rounds with this value";
    return ratio;
  }
  const statistics::Shift shift = statistics::signed_rank_shift(logs, statistics::kConfidenceLevel);
  ratio["ratio"] = std::exp(shift.estimate);
  if (shift.interval) {
    ratio["low"] = std::exp(shift.interval->low);
    ratio["high"] = std::exp(shift.interval->high);
    ratio["coverage"] = shift.interval->coverage;
  } else {
    ratio["reason"] = fmt::format("{} are too few for an interval", os::plural(logs.size(), "block"));
  }
  return ratio;
}

}  // namespace

std::vector<double> paired_log_ratios(const Rounds& first, const Rounds& second, const std::string& metric) {
  std::map<int, double> base;  // by block
  const auto value_of = [&metric](const Json& round) {
    const Json value = round.at("status") == "ok" ? metric_of(round, metric) : Json(nullptr);
    return value.is_number() && value.get<double>() > 0 ? value.get<double>() : 0.0;
  };
  for (const Json* round : first) {
    if (const double value = value_of(*round); value > 0) {
      base.emplace(round->at("block").get<int>(), value);
    }
  }
  std::vector<double> logs;
  for (const Json* round : second) {
    const auto pair = base.find(round->at("block").get<int>());
    if (const double value = value_of(*round); value > 0 && pair != base.end()) {
      logs.push_back(std::log(value / pair->second));
    }
  }
  return logs;
}

Json summarise_ratios(const Suite& suite, const Json& cells, const Rounds& rounds) {
  std::map<std::string, Rounds> by_cell;
  for (const Json* round : rounds) {
    by_cell[round->at("cell").get<std::string>()].push_back(round);
  }
  Json ratios = Json::array();
  for (const Experiment& experiment : suite.experiments) {
    if (experiment.baseline.empty()) {
      continue;
    }
    for (const Json& cell : cells) {
      const auto id = cell.at("id").get<std::string>();
      const std::string baseline =
          fmt::format("{}/{}/{}", experiment.name, experiment.baseline, cell.at("value").dump());
      if (cell.at("experiment") != experiment.name || id == baseline || !by_cell.contains(id)) {
        continue;
      }
      for (const char* metric : kMetrics) {
        ratios.push_back(
            summarise_ratio(id, baseline, metric, paired_log_ratios(by_cell[baseline], by_cell[id], metric)));
      }
    }
  }
  return ratios;
}

}  // namespace fanin::harness
