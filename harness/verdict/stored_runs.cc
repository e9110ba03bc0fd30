#include "harness/verdict/stored_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/analysis/notes.h"
#include "harness/analysis/ratios.h"
#include "harness/analysis/summary.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

void add_run(const Rounds& rounds, const std::string& metric, Sample& sample) {
  const Json::json_pointer uncompleted("/load/latency/response/uncompleted");
  const bool is_percentile = metric.starts_with("response_");
  std::vector<double> logs;
  bool is_complete = true;
  for (const Json* round : rounds) {
    if (round->at("status") != "ok") {
      continue;
    }
    const Json value = metric_of(*round, metric);
    if (value.is_number() && value.get<double>() > 0) {
      logs.push_back(std::log(value.get<double>()));
      continue;
    }
    is_complete = false;
    sample.zeros += value.is_number() ? 1 : 0;
    sample.uncompleted += is_percentile && round->contains(uncompleted) && round->at(uncompleted) > 0 ? 1 : 0;
  }
  if (is_complete && !logs.empty()) {
    sample.logs.push_back(std::move(logs));
  }
}

}  // namespace

const Json* StoredRun::find_cell(const std::string& id) const {
  const Json& cells = document->at("cells");
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const Json& cell) { return cell.at("id") == id; });
  return found != cells.end() ? &*found : nullptr;
}

bool StoredRun::has_measured(const std::string& id) const {
  const Json* cell = find_cell(id);
  return cell != nullptr && cell->at("status") == "measured";
}

std::vector<std::string> StoredRun::find_subjects(const std::string& id) const {
  const Json::json_pointer place("/load/workload");
  const Rounds& all = rounds.at(id);
  const auto round = std::find_if(all.begin(), all.end(), [&](const Json* each) { return each->contains(place); });
  const Json workload = round != all.end() ? (*round)->at(place) : Json::object();
  if (find_cell(id)->value("parameter", "") == "idle_connections" && workload.value("connections", 0) == 1) {
    return {};
  }
  if (workload.value("loop", "") == "open") {
    return {"response_p99_ns", "server_cpu_per_request_ns"};
  }
  return {"throughput_per_s", "response_p99_ns", "server_cpu_per_request_ns"};
}

RunsOfSide::RunsOfSide(std::string its_name, const std::vector<Json>& documents) : name(std::move(its_name)) {
  for (const Json& document : documents) {
    runs.emplace_back(document);
  }
}

std::string describe_busy_rounds(const RunsOfSide& side) {
  std::size_t all = 0;
  std::size_t busy = 0;
  for (const StoredRun& run : side.runs) {
    for (const auto& [cell, rounds] : run.rounds) {
      all += rounds.size();
      busy += static_cast<std::size_t>(
          std::count_if(rounds.begin(), rounds.end(), [](const Json* round) { return is_on_busy_machine(*round); }));
    }
  }
  return busy > 0 ? side.name + ": " + describe_busy_part(busy, all, "round") : "";
}

CellState find_state(const RunsOfSide& side, const std::string& id) {
  CellState state;
  for (const StoredRun& run : side.runs) {
    const Json* cell = run.find_cell(id);
    if (cell != nullptr && cell->at("status") == "measured") {
      ++state.measured;
      continue;
    }
    if (state.others++ > 0) {
      continue;
    }
    if (cell == nullptr) {
      state.status = "missing";
      state.reason = "the run has no such cell";
    } else {
      const Json& reason = cell->at("reason");
      state.status = cell->at("status").get<std::string>();
      const std::string given = reason.is_string() ? reason.get<std::string>() : "";
      state.reason = given.empty() ? "the run gives no reason" : given;
    }
  }
  return state;
}

Sample take_sample(const RunsOfSide& side, const std::string& cell, const std::string& metric) {
  Sample sample;
  for (const StoredRun& run : side.runs) {
    if (run.has_measured(cell)) {
      add_run(run.rounds.at(cell), metric, sample);
    }
  }
  return sample;
}

std::string describe_gap(const Sample& sample) {
  if (sample.zeros > 0) {
    return "0 in " + os::plural(sample.zeros, "round");
  }
  return sample.uncompleted > 0 ? "falls among requests that failed or were not answered" : "not known in all rounds";
}

std::vector<std::vector<double>> take_ratios(const RunsOfSide& side, const std::string& cell, const std::string& other,
                                             const std::string& metric) {
  std::vector<std::vector<double>> runs;
  for (const StoredRun& run : side.runs) {
    if (!run.has_measured(cell) || !run.has_measured(other)) {
      continue;
    }
    auto logs = paired_log_ratios(run.rounds.at(other), run.rounds.at(cell), metric);
    if (!logs.empty()) {
      runs.push_back(std::move(logs));
    }
  }
  return runs;
}

bool is_interleaved(const Json& run, const std::string& experiment) {
  const Json experiments = run.at("suite").value("experiments", Json::array());
  return std::any_of(experiments.begin(), experiments.end(), [&](const Json& each) {
    return each.at("name") == experiment && each.value("design", "") == "interleaved";
  });
}

std::string find_baseline(const Json& run, const std::string& experiment) {
  for (const Json& each : run.at("suite").value("experiments", Json::array())) {
    if (each.at("name") == experiment && each.contains("baseline")) {
      return each.at("baseline").get<std::string>();
    }
  }
  std::string first;
  for (const Json& cell : run.at("cells")) {
    if (cell.at("experiment") != experiment) {
      continue;
    }
    if (first.empty()) {
      first = cell.at("server").get<std::string>();
    } else if (cell.at("server") != first) {
      return first;
    }
  }
  return "";
}

std::string name_group(const std::vector<const Json*>& group) {
  return group.front()->at("experiment").get<std::string>() + "/" + group.front()->at("server").get<std::string>();
}

std::vector<Json> measured_values(const std::vector<const Json*>& group) {
  std::vector<Json> values;
  for (const Json* cell : group) {
    if (cell->at("status") == "measured") {
      values.push_back(cell->at("value"));
    }
  }
  return values;
}

SlopeSample take_slopes(const RunsOfSide& side, const std::string& name, const std::vector<Json>& values,
                        const std::string& metric) {
  SlopeSample sample;
  for (const StoredRun& run : side.runs) {
    Rounds rounds;
    for (const Json& round : run.document->at("rounds")) {
      rounds.push_back(&round);
    }
    for (const auto& group : sloped_cells(run.document->at("cells"))) {
      if (name_group(group) != name || measured_values(group) != values) {
        continue;
      }
      sample.has_group = true;
      std::vector<double> slopes = block_slopes(group, rounds, metric);
      if (!slopes.empty() && std::all_of(slopes.begin(), slopes.end(), [](double slope) { return slope > 0; })) {
        std::transform(slopes.begin(), slopes.end(), slopes.begin(), [](double slope) { return std::log(slope); });
        sample.logs.push_back(std::move(slopes));
      }
    }
  }
  return sample;
}

}  // namespace fanin::harness
