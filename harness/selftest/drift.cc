#include "harness/selftest/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "harness/ab/false_alarms.h"
#include "harness/analysis/run_file.h"
#include "harness/analysis/summary.h"
#include "harness/rounds/suite_run.h"
#include "harness/suite/schema.h"
#include "harness/verdict/stored_runs.h"
#include "net/clock.h"
#include "os/files.h"
#include "os/format.h"
#include "os/program.h"
#include "os/temporary_directory.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDriftSchema = "fanin-drift";
constexpr int kDriftVersion = 2;
constexpr const char* kSlopeMetric = "memory_total_bytes";

// The median of the only run in `logs`, if it has values.
void record_median(const std::vector<std::vector<double>>& logs, const std::string& metric, const std::string& cell,
                   Json& record) {
  if (!logs.empty()) {
    record[metric][cell] = statistics::median(logs.front());
  }
}

void record_cell(const RunsOfSide& side, const Json& cell, Json& record) {
  const auto id = cell.at("id").get<std::string>();
  const StoredRun& run = side.runs.front();
  if (cell.at("role") == "aa" || !run.has_measured(id)) {
    return;
  }
  const auto experiment = cell.at("experiment").get<std::string>();
  const std::string baseline = find_baseline(*run.document, experiment);
  const std::string other = fmt::format("{}/{}/{}", experiment, baseline, cell.at("value").dump());
  if (is_interleaved(*run.document, experiment)) {
    record["interleaved"].push_back(id);
  }
  for (const std::string& metric : run.find_subjects(id)) {
    record_median(take_sample(side, id, metric).logs, metric, id, record["values"]);
    if (other != id) {
      record_median(take_ratios(side, id, other, metric), metric, id, record["ratios"]);
    }
  }
}

void record_slopes(const RunsOfSide& side, Json& record) {
  for (const auto& group : sloped_cells(side.runs.front().document->at("cells"))) {
    const std::string name = name_group(group);
    record_median(take_slopes(side, name, measured_values(group), kSlopeMetric).logs, kSlopeMetric, name,
                  record["values"]);
  }
}

struct DriftFile {
  std::vector<Json> records;
  std::string machine;

  static DriftFile load(const std::string& path);
  void write(const std::string& path) const;
};

DriftFile DriftFile::load(const std::string& path) {
  DriftFile file;
  if (!fs::exists(path)) {
    return file;
  }
  const Json document = load_json(path);
  const JsonReader reader(document, path);
  const auto schema = reader.find("schema");
  if (!schema || schema->value() != kDriftSchema) {
    reader.fail("is no result of fanin selftest --drift: name another file with --out");
  }
  reader.at("schema_version").only_version(kDriftVersion, "measure again");
  check_schema(reader, "drift");
  file.records = reader.at("runs").value().get<std::vector<Json>>();
  file.machine = file.records.empty() ? "" : document.at("machine").get<std::string>();
  return file;
}

std::string describe_source(const DriftFile& file) {
  std::vector<double> seconds;
  for (const Json& record : file.records) {
    seconds.push_back(record.at("seconds").get<double>());
  }
  const auto day = [](const Json& record) { return record.at("started_at").get<std::string>().substr(0, 10); };
  const std::string first = day(file.records.front());
  const std::string last = day(file.records.back());
  return fmt::format("{} of the suite drift, {:.0f} s each, {}{}, on {}", os::plural(file.records.size(), "run"),
                     statistics::median(seconds), first, first == last ? "" : " to " + last, file.machine);
}

void DriftFile::write(const std::string& path) const {
  os::write_file_atomically(path, to_text(Json{{"schema", kDriftSchema},
                                               {"schema_version", kDriftVersion},
                                               {"source", describe_source(*this)},
                                               {"machine", machine},
                                               {"interleaved", deviations_between(records, true)},
                                               {"rounds", deviations_between(records, false)},
                                               {"runs", records}}));
}

// Takes over a run that ended.
void add_run(const std::string& directory, double seconds, const std::string& out, DriftFile& file) {
  const Json run = load_run(find_run_file(directory));
  const std::string machine = machine_text(run.at("environment").at("start"));
  if (!file.machine.empty() && file.machine != machine) {
    throw std::invalid_argument(fmt::format("{}: holds runs of {}, this is {}: name another file with --out",
                                            os::printable(out), os::printable(file.machine), machine));
  }
  file.machine = machine;
  Json record = drift_record(run);
  record["started_at"] = run.at("started_at");
  record["seconds"] = seconds;
  file.records.push_back(std::move(record));
  file.write(out);
}

std::string describe_deviations(const std::string& out, const DriftFile& file) {
  std::string text = fmt::format("{}: {}", os::printable(out), os::plural(file.records.size(), "run"));
  for (const bool is_interleaved : {true, false}) {
    text += is_interleaved ? "; interleaved" : "; in rounds";
    const Json found = deviations_between(file.records, is_interleaved);
    for (const auto& [key, of] : {std::pair{"log_deviations", ""}, {"ratio_log_deviations", " of ratios"}}) {
      for (const auto& [metric, deviation] : found.at(key).items()) {
        text += fmt::format(", {}{} {:.2g} %", metric, of, 100 * deviation.get<double>());
      }
    }
  }
  return text + "\n";
}

// `key` is "values" or "ratios".
Json find_deviations(const std::vector<Json>& records, const char* key, bool is_interleaved) {
  std::map<std::string, std::map<std::string, std::vector<double>>> values;  // by metric and cell
  for (const Json& record : records) {
    const Json& interleaved = record.at("interleaved");
    for (const auto& [metric, cells] : record.at(key).items()) {
      for (const auto& [cell, value] : cells.items()) {
        if ((std::find(interleaved.begin(), interleaved.end(), cell) != interleaved.end()) == is_interleaved) {
          values[metric][cell].push_back(value.get<double>());
        }
      }
    }
  }
  Json deviations = Json::object();
  for (const auto& [metric, cells] : values) {
    for (const auto& [cell, logs] : cells) {
      if (logs.size() >= 2) {
        deviations[metric] = std::max(deviations.value(metric, 0.0), statistics::standard_deviation(logs));
      }
    }
  }
  return deviations;
}

}  // namespace

Json drift_record(const Json& run) {
  const std::vector<Json> documents(1, run);
  const RunsOfSide side("run", documents);
  Json record{{"interleaved", Json::array()}, {"values", Json::object()}, {"ratios", Json::object()}};
  for (const Json& cell : run.at("cells")) {
    record_cell(side, cell, record);
  }
  record_slopes(side, record);
  return record;
}

Json deviations_between(const std::vector<Json>& records, bool is_interleaved) {
  return {{"log_deviations", find_deviations(records, "values", is_interleaved)},
          {"ratio_log_deviations", find_deviations(records, "ratios", is_interleaved)}};
}

int measure_drift(const std::string& out, int runs) {
  DriftFile file = DriftFile::load(out);  // first, so that an error does not come after a run
  const os::TemporaryDirectory scratch;
  for (int i = 0; i < runs; ++i) {
    const std::string directory = fmt::format("{}/{}", scratch.path(), i);
    const net::TimePoint begin = net::now();
    const int code = run_suite({.suite = "drift", .out = directory, .prints_table = false});
    if (code == static_cast<int>(os::ExitCode::kInterrupted)) {
      return code;
    }
    add_run(directory, net::to_seconds(net::now() - begin), out, file);
    os::print_text(stdout, describe_deviations(out, file));
  }
  return 0;
}

}  // namespace fanin::harness
