#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "harness/analysis/metric.h"
#include "harness/analysis/summary.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

constexpr const char* kParameter = "idle_connections";

std::vector<const Json*> measured(const std::vector<const Json*>& cells) {
  std::vector<const Json*> found;
  std::copy_if(cells.begin(), cells.end(), std::back_inserter(found),
               [](const Json* cell) { return cell->at("status") == "measured"; });
  return found;
}

// What the rounds say about their missing values; empty if nothing.
std::string explain_rounds(const std::vector<const Json*>& cells, const std::vector<const Json*>& rounds,
                           const std::string& metric) {
  for (const Json* round : rounds) {
    const bool is_own =
        std::any_of(cells.begin(), cells.end(), [&](const Json* cell) { return cell->at("id") == round->at("cell"); });
    if (is_own && round->at("status") == "ok" && metric_of(*round, metric).is_null()) {
      if (std::string reason = explain_null(*round, find_metric(metric)); !reason.empty()) {
        return reason;
      }
    }
  }
  return "";
}

std::string why_none(const std::vector<const Json*>& cells, const std::vector<const Json*>& rounds,
                     std::size_t measured_cells, const std::string& metric) {
  if (measured_cells >= 2) {
    if (std::string reason = explain_rounds(cells, rounds, metric); !reason.empty()) {
      return reason;
    }
    const bool holds_slab = metric == "machine_slab_bytes" || metric == "memory_total_bytes";
    return fmt::format("no block has this value in every measured cell: a round failed, or {}",
                       holds_slab
                           ? "slab memory had not settled when the traffic began, the server never sleeps, or it "
                             "could not be read; a sweep of idle connections with 1 active one waits for it"
                           : "it could not be read");
  }
  std::string first;
  for (const Json* cell : cells) {
    if (first.empty() && cell->at("reason").is_string()) {
      first = ": " + cell->at("reason").get<std::string>();
    }
  }
  return fmt::format("{} of {} sweep values {} measured{}", measured_cells, cells.size(),
                     measured_cells == 1 ? "was" : "were", first);
}

Json summarise(const std::vector<const Json*>& cells, const std::vector<const Json*>& rounds,
               const std::string& metric) {
  const std::vector<const Json*> used = measured(cells);
  Json values = Json::array();
  for (const Json* cell : used) {
    values.push_back(cell->at("value"));
  }
  const std::vector<double> slopes = block_slopes(cells, rounds, metric);
  Json slope{{"experiment", cells.front()->at("experiment")},
             {"server", cells.front()->at("server")},
             {"parameter", kParameter},
             {"values", values},
             {"metric", metric},
             {"unit", "bytes"},
             {"n", slopes.size()},
             {"median", nullptr},
             {"low", nullptr},
             {"high", nullptr},
             {"coverage", nullptr}};
  if (slopes.empty()) {
    slope["reason"] = why_none(cells, rounds, used.size(), metric);
    return slope;
  }
  const statistics::Interval interval = statistics::median_interval(slopes, statistics::kConfidenceLevel);
  slope["median"] = statistics::median(slopes);
  slope["low"] = interval.low;
  slope["high"] = interval.high;
  slope["coverage"] = interval.coverage;
  return slope;
}

}  // namespace

std::vector<double> block_slopes(const std::vector<const Json*>& cells, const std::vector<const Json*>& rounds,
                                 const std::string& metric) {
  const std::vector<const Json*> used = measured(cells);
  std::map<std::string, double> swept;
  for (const Json* cell : used) {
    swept[cell->at("id").get<std::string>()] = cell->at("value").get<double>();
  }
  std::map<std::int64_t, std::vector<statistics::Point>> blocks;
  for (const Json* round : rounds) {
    const auto cell = swept.find(round->at("cell").get<std::string>());
    if (cell == swept.end() || round->at("status") != "ok") {
      continue;
    }
    if (const Json value = metric_of(*round, metric); value.is_number()) {
      blocks[round->at("block").get<std::int64_t>()].push_back({cell->second, value.get<double>()});
    }
  }
  std::vector<double> slopes;
  for (const auto& [block, points] : blocks) {
    const auto slope = points.size() == used.size() ? statistics::least_squares_slope(points) : std::nullopt;
    if (slope) {
      slopes.push_back(*slope);
    }
  }
  return slopes;
}

std::vector<std::vector<const Json*>> sloped_cells(const Json& cells) {
  std::vector<std::pair<std::string, std::vector<const Json*>>> groups;
  for (const Json& cell : cells) {
    if (cell.value("parameter", "") != kParameter || cell.at("role") != "measure") {
      continue;
    }
    const std::string name =
        fmt::format("{}/{}", cell.at("experiment").get<std::string>(), cell.at("server").get<std::string>());
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& each) { return each.first == name; });
    if (group == groups.end()) {
      groups.push_back({name, {&cell}});
    } else {
      group->second.push_back(&cell);
    }
  }
  std::vector<std::vector<const Json*>> found;
  found.reserve(groups.size());
  for (auto& [name, members] : groups) {
    found.push_back(std::move(members));
  }
  return found;
}

Json summarise_slopes(const Json& cells, const std::vector<const Json*>& rounds) {
  Json slopes = Json::array();
  for (const std::vector<const Json*>& group : sloped_cells(cells)) {
    for (const Metric& metric : metrics()) {
      if (metric.has_slope) {
        slopes.push_back(summarise(group, rounds, metric.name));
      }
    }
  }
  return slopes;
}

}  // namespace fanin::harness
