#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "harness/analysis/run_file.h"
#include "harness/analysis/summary.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

void check_interval(const JsonReader& figure) {
  const Json& value = figure.value();
  if (!(value.at("low") <= value.at("median") && value.at("median") <= value.at("high"))) {
    figure.fail("low <= median <= high does not hold");
  }
}

// What the rounds give may be without end or no number, where they hold numbers that are too large to be added.
void check_median(const JsonReader& figure, double computed) {
  const auto said = figure.value().at("median").get<double>();
  const bool same = std::abs(said - computed) <= 1e-6 * std::max(1.0, std::abs(said));
  if (!same) {
    figure.at("median").fail(fmt::format("is {}, but the rounds give {}", said, computed));
  }
}

// `computed` are the summaries of the same cell. Where a round lacks the value there is no median to compare with.
void check_summary(const JsonReader& summary, const Json& computed) {
  if (summary.value().at("median").is_null()) {
    return;
  }
  check_interval(summary);
  const auto same = std::find_if(computed.begin(), computed.end(),
                                 [&](const Json& each) { return each.at("metric") == summary.value().at("metric"); });
  if (same == computed.end() || same->at("median").is_null()) {
    return;
  }
  if (summary.value().at("n") != same->at("n")) {
    summary.at("n").fail(fmt::format("but {} rounds are ok", same->at("n").dump()));
  }
  check_median(summary, same->at("median").get<double>());
}

void check_slope(const JsonReader& place, const std::vector<Rounds>& groups, const Rounds& rounds) {
  const Json& slope = place.value();
  if (slope.at("median").is_null()) {
    return;
  }
  check_interval(place);
  const auto group = std::find_if(groups.begin(), groups.end(), [&](const Rounds& cells) {
    return cells.front()->at("experiment") == slope.at("experiment") &&
           cells.front()->at("server") == slope.at("server");
  });
  Json values = Json::array();
  std::vector<double> slopes;
  if (group != groups.end()) {
    for (const Json* cell : *group) {
      if (cell->at("status") == "measured") {
        values.push_back(cell->at("value"));
      }
    }
    slopes = block_slopes(*group, rounds, slope.at("metric").get<std::string>());
  }
  if (values != slope.at("values")) {
    place.at("values").fail(fmt::format("measured were {}", values.dump()));
  }
  check_median(place, slopes.empty() ? 0 : median(slopes));
}

}  // namespace

std::map<std::string, Rounds> rounds_by_cell(const Json& run) {
  std::map<std::string, Rounds> by_cell;
  for (const Json& cell : run.at("cells")) {
    by_cell[cell.at("id").get<std::string>()];
  }
  for (const Json& round : run.at("rounds")) {
    by_cell[round.at("cell").get<std::string>()].push_back(&round);
  }
  return by_cell;
}

void check_figures(const JsonReader& run) {
  const auto by_cell = rounds_by_cell(run.value());
  std::map<std::string, Json> computed;
  for (const auto& [cell, rounds] : by_cell) {
    computed.emplace(cell, summarise_cell(cell, rounds));
  }
  std::set<std::pair<std::string, std::string>> seen;
  for (const JsonReader& summary : run.at("summaries").items()) {
    const auto cell = summary.value().at("cell").get<std::string>();
    const auto metric = summary.value().at("metric").get<std::string>();
    if (!computed.contains(cell)) {
      summary.at("cell").fail(fmt::format("the run has no cell '{}'", cell));
    }
    if (!seen.emplace(cell, metric).second) {
      summary.fail(fmt::format("{} of {} is summarised twice", metric, cell));
    }
    check_summary(summary, computed.at(cell));
  }
  if (const auto slopes = run.find("slopes")) {
    const std::vector<Rounds> groups = sloped_cells(run.value().at("cells"));
    Rounds rounds;
    for (const Json& round : run.value().at("rounds")) {
      rounds.push_back(&round);
    }
    for (const JsonReader& slope : slopes->items()) {
      check_slope(slope, groups, rounds);
    }
  }
}

}  // namespace fanin::harness
