#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "harness/analysis/ratios.h"
#include "harness/analysis/run_file.h"
#include "harness/analysis/summary.h"
#include "harness/suite/plan.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

void expect(const JsonReader& place, const char* key, const Json& expected, std::string_view source_gives) {
  if (place.value().at(key) != expected) {
    place.at(key).fail(fmt::format("{} {}", source_gives, expected.dump()));
  }
}

void check_servers(const JsonReader& run, const Suite& suite) {
  std::set<std::string> names;
  for (const JsonReader& server : run.at("servers").items()) {
    const std::string name = server.at("name").text();
    const auto spec = std::find_if(suite.servers.begin(), suite.servers.end(),
                                   [&](const ServerSpec& each) { return each.name == name; });
    if (spec == suite.servers.end()) {
      server.at("name").fail("is no server of the suite");
    }
    if (!names.insert(name).second) {
      server.fail("is given twice");
    }
    expect(server, "model", spec->model.empty() ? Json(nullptr) : Json(spec->model), "the suite gives");
    expect(server, "command", spec->command.empty() ? Json(nullptr) : Json(spec->command), "the suite gives");
  }
  for (const JsonReader& cell : run.at("cells").items()) {
    if (!names.contains(cell.at("server").text())) {
      cell.at("server").fail("is no server of the run");
    }
  }
}

// Cells that the harness excluded before their first round have no status of their rounds.
bool is_excluded(const Json& cell) {
  const Json& reason = cell.at("reason");
  return cell.at("status") == "unsupported" || (cell.at("status") == "failed" && reason.is_string() &&
                                                reason.get_ref<const std::string&>().starts_with("conformance: "));
}

void check_status(const JsonReader& cell, const Rounds& rounds, int repetitions, bool complete) {
  const CellVerdict verdict = judge_cell(rounds, repetitions);
  if (complete && cell.value().at("status") == "pending") {
    cell.at("status").fail("pending in a run that says it is complete");
  }
  expect(cell, "status", verdict.status, "its rounds and the suite's repetitions give");
  if (verdict.status == "pending") {
    expect(cell, "reason", verdict.reason, "its rounds and the suite's repetitions give");
  }
}

// A round has the seed that runs make of their own, so a changed seed, block or order shows.
void check_workload(const JsonReader& round, const Cell& cell, std::uint64_t run_seed) {
  if (round.value().at("load").is_null()) {
    return;
  }
  const JsonReader workload = round.at("load").at("workload");
  expect(workload, "protocol", cell.workload.protocol(), "the suite gives");
  if (workload.find(cell.parameter)) {
    expect(workload, cell.parameter.c_str(), cell.value, "the cell gives");
  }
  const auto block = static_cast<int>(round.at("block").integer(0, INT32_MAX));
  const auto order = static_cast<std::size_t>(round.at("order").integer(0, INT64_MAX));
  expect(workload, "seed", derive_round_seed(run_seed, block, order),
         "the run's seed with the round's block and order gives");
}

void check_conformance(const JsonReader& run, const std::map<std::string, Cell>& planned) {
  std::map<std::pair<std::string, std::string>, std::string> results;
  for (const JsonReader& entry : run.at("conformance").items()) {
    const std::pair key{entry.at("server").text(), entry.at("protocol").text()};
    const bool passed = entry.value().at("status") == "passed";
    if (!results.emplace(key, passed ? "" : "conformance: " + entry.at("reason").text()).second) {
      entry.fail("is given twice");
    }
  }
  for (const JsonReader& cell : run.at("cells").items()) {
    const Cell& plan = planned.at(cell.at("id").text());
    const auto result = results.find({plan.server, plan.workload.protocol()});
    const std::string failure = result == results.end() ? "" : result->second;
    const bool failed = cell.value().at("status") == "failed" && is_excluded(cell.value());
    const bool measured = !is_excluded(cell.value()) && cell.value().at("status") != "pending";
    if (failed ? cell.at("reason").text() != failure : measured && !failure.empty()) {
      cell.at("status").fail("does not agree with the run's conformance");
    }
  }
}

void check_ends(const JsonReader& run, const Suite& suite) {
  if (!run.at("run_id").text().starts_with(suite.name + "-")) {
    run.at("run_id").fail("does not begin with the name of the suite");
  }
  const Json& finished = run.value().at("finished_at");
  if (run.value().at("complete") == true && (finished.is_null() || run.value()["environment"]["end"].is_null())) {
    run.at("complete").fail("without the time and the environment of the end");
  }
  if (!finished.is_null() && finished < run.value().at("started_at")) {
    run.at("finished_at").fail("is before the run started");
  }
}

}  // namespace

void check_cells(const JsonReader& run, const Suite& suite) {
  check_ends(run, suite);
  check_servers(run, suite);
  const std::map<std::string, Cell> planned = make_cells_by_id(suite);
  std::set<std::string> ids;
  for (const JsonReader& cell : run.at("cells").items()) {
    const std::string id = cell.at("id").text();
    if (!ids.insert(id).second) {
      cell.fail("is given twice");
    }
    const auto plan = planned.find(id);
    if (plan == planned.end()) {
      cell.at("id").fail("is no cell of the suite");
    }
    expect(cell, "experiment", plan->second.experiment, "the id gives");
    expect(cell, "server", plan->second.server, "the id gives");
    expect(cell, "parameter", plan->second.parameter, "the suite gives");
    expect(cell, "value", plan->second.value, "the id gives");
    expect(cell, "role", plan->second.aa ? "aa" : "measure", "the id gives");
  }
}

void check_statuses(const JsonReader& run, const Suite& suite) {
  const std::map<std::string, Cell> planned = make_cells_by_id(suite);
  const auto by_cell = rounds_by_cell(run.value());
  for (const JsonReader& cell : run.at("cells").items()) {
    if (!is_excluded(cell.value())) {
      check_status(cell, by_cell.at(cell.at("id").text()), suite.repetitions, run.value().at("complete") == true);
    }
  }
  const auto seed = static_cast<std::uint64_t>(run.at("seed").integer(0, INT64_MAX));
  for (const JsonReader& round : run.at("rounds").items()) {
    check_workload(round, planned.at(round.at("cell").text()), seed);
  }
  check_conformance(run, planned);
}

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

// `computed` are in the same order.
void check_ratios(const JsonReader& ratios, const Json& computed) {
  const std::vector<JsonReader> stored = ratios.items();
  if (stored.size() != computed.size()) {
    ratios.fail(fmt::format("holds {}, but the rounds give {}", stored.size(), computed.size()));
  }
  for (std::size_t i = 0; i < stored.size(); ++i) {
    for (const auto& [key, value] : computed[i].items()) {
      const Json& said = stored[i].value().at(key);
      const bool same = value.is_number_float() && said.is_number()
                            ? std::abs(said.get<double>() - value.get<double>()) <= 1e-6 * value.get<double>()
                            : said == value;
      if (!same) {
        stored[i].at(key).fail(fmt::format("is {}, but the rounds give {}", said.dump(), value.dump()));
      }
    }
  }
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
  check_median(place, slopes.empty() ? 0 : statistics::median(slopes));
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

void check_figures(const JsonReader& run, const Suite& suite) {
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
  Rounds rounds;
  for (const Json& round : run.value().at("rounds")) {
    rounds.push_back(&round);
  }
  if (const auto ratios = run.find("ratios")) {
    check_ratios(*ratios, summarise_ratios(suite, run.value().at("cells"), rounds));
  }
  if (const auto slopes = run.find("slopes")) {
    const std::vector<Rounds> groups = sloped_cells(run.value().at("cells"));
    for (const JsonReader& slope : slopes->items()) {
      check_slope(slope, groups, rounds);
    }
  }
}

}  // namespace fanin::harness
