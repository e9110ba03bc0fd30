#include "harness/rounds/suite_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>

#include "harness/analysis/run_file.h"
#include "harness/machine/machine.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/run_directory.h"
#include "net/affinity.h"
#include "net/socket.h"
#include "os/command_line.h"
#include "os/files.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

void require_program(const std::string& path, const char* option) {
  std::error_code unreadable;
  if (fs::is_directory(path, unreadable) || ::access(path.c_str(), X_OK) != 0) {
    throw std::invalid_argument(
        fmt::format("{}: there is no such program: build the project, or name it with {}", path, option));
  }
}

// Returns the lock on it.
RunLock make_directory(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error || ::access(directory.c_str(), W_OK) != 0) {
    const int number = error ? error.value() : errno;
    throw std::system_error(number, std::generic_category(),
                            fmt::format("cannot write results to {} (choose another with --out)", directory));
  }
  RunLock lock(directory);
  if (fs::exists(fs::path(directory) / "run.json") || fs::exists(fs::path(directory) / "rounds.jsonl")) {
    throw std::invalid_argument(
        fmt::format("{}: holds a run already: go on with --resume, or choose another with --out", directory));
  }
  return lock;
}

void exclude_unsupported(SuiteRun& run) {
  net::raise_descriptor_limit();
  const MachineLimits limits = read_machine_limits();
  RunRecord& record = run.record;
  for (const Cell& cell : record.cells) {
    const auto server = std::find_if(record.suite.servers.begin(), record.suite.servers.end(),
                                     [&](const ServerSpec& spec) { return spec.name == cell.server; });
    const std::string reason = unsupported_reason(cell, *server, run.catalogue, limits);
    if (!reason.empty()) {
      record.excluded[cell.id] = {"unsupported", reason};
    }
  }
}

void check_same_suite(const JsonReader& run, const std::string& directory) {
  const std::string path = directory + "/suite.json";
  const JsonReader suite = run.at("suite");
  if (load_json(path) != suite.value()) {
    suite.fail(fmt::format("differs from {}: what was measured would not be what is measured from now on", path));
  }
}

// The cells of the suite that the run has, which may be a part (--only). check_run() has found each of them.
std::vector<Cell> cells_to_resume(const JsonReader& run, const Suite& suite) {
  std::map<std::string, Cell> all = make_cells_by_id(suite);
  std::vector<Cell> cells;
  for (const JsonReader& cell : run.at("cells").items()) {
    cells.push_back(std::move(all.at(cell.at("id").text())));
  }
  return cells;
}

// Checks that rounds have the order that the run's seed gives, so that another run's rounds are noticed.
class SeededOrder {
 public:
  explicit SeededOrder(const RunRecord& record) : record_(record), units_(make_units(record.cells).size()) {
    const std::vector<std::vector<std::size_t>> units = make_units(record.cells);
    for (std::size_t unit = 0; unit < units.size(); ++unit) {
      for (const std::size_t cell : units[unit]) {
        cells_.emplace(record.cells[cell].id, unit);
      }
    }
  }

  void check(const JsonReader& round) {
    const std::string id = round.at("cell").text();
    const auto cell = cells_.find(id);
    if (cell == cells_.end()) {
      round.at("cell").fail(fmt::format("the run has no cell '{}'", id));
    }
    const auto block = static_cast<int>(round.at("block").integer(0, record_.suite.repetitions - 1));
    if (block != block_) {
      block_ = block;
      order_ = block_order(record_.seed, block, units_);
    }
    const auto place = static_cast<std::size_t>(round.at("order").integer(0, INT64_MAX));
    if (place >= order_.size() || order_[place] != cell->second) {
      round.at("order").fail("is not where the run's seed has put this cell");
    }
  }

 private:
  const RunRecord& record_;
  std::size_t units_;
  std::map<std::string, std::size_t> cells_;  // the unit of each id
  int block_ = -1;                            // of order_
  std::vector<std::size_t> order_;
};

Suite with_repetitions(Suite suite, int repetitions) {
  if (repetitions > 0) {
    suite.repetitions = repetitions;
    suite.document["repetitions"] = repetitions;
  }
  return suite;
}

}  // namespace

RoundContext make_context(const std::string& server_binary, const std::string& load_binary) {
  RoundContext context;
  context.programs = Programs::find(server_binary, load_binary);
  require_program(context.programs.server, "--server-binary");
  require_program(context.programs.load, "--load-binary");
  require_generator(context.programs.load);
  context.placement = choose_placement(net::allowed_cpus());
  return context;
}

std::vector<std::string> list_suites(const Programs& programs) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(programs.data() / "suites")) {
    names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string find_suite(const std::string& name, const Programs& programs) {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".json");
  if (is_path) {
    return name;
  }
  std::string shipped = fmt::format("{}/suites/{}.json", programs.data().string(), name);
  if (::access(shipped.c_str(), R_OK) != 0) {
    throw std::invalid_argument(
        fmt::format("there is no suite '{}': {}", os::printable(name, kLongestName),
                    os::suggest(name, list_suites(programs),
                                "'fanin list' shows them; a file must have a / or .json in its name")));
  }
  return shipped;
}

SuiteRun begin_run(const RunOptions& options) {
  SuiteRun run;
  run.context = make_context(options.server_binary, options.load_binary);
  run.allowed_cpus = net::allowed_cpus();
  const std::string path = find_suite(options.suite, run.context.programs);
  RunRecord& record = run.record;
  record.suite = with_repetitions(parse_suite(load_json(path), path), options.repetitions);
  const fs::path folder = fs::absolute(path).parent_path();
  check_suite_files(record.suite, folder);
  run.catalogue = Catalogue::query(run.context.programs.server);
  check_models(record.suite, path, run.catalogue);
  check_server_arguments(record.suite, path, run.context.programs, run.catalogue);
  check_load_arguments(record.suite, path, run.context.programs, folder);
  record.cells = make_cells(record.suite, options.only);
  record.started_at = timestamp_now();
  record.run_id = choose_run_id(record.suite.name, options.out, std::time(nullptr));
  record.seed = options.seed ? *options.seed : record.suite.seed.value_or(draw_seed());
  run.directory = options.out.empty() ? fmt::format("results/{}", record.run_id) : options.out;
  run.lock = make_directory(run.directory);
  copy_suite_files(record.suite, folder, run.directory);
  run.context.directory = run.directory;
  exclude_unsupported(run);
  record.placement = run.context.placement.to_json();
  record.environment_start = read_environment(run.context.programs);
  run.machine_busy = describe_busy(record.environment_start);
  os::write_file_atomically(run.directory + "/suite.json", record.suite.document.dump(2) + "\n");
  // From now on an end of any kind leaves a run that can be resumed.
  os::write_file_atomically(run.directory + "/run.json", to_text(record.to_json(run.catalogue)));
  return run;
}

SuiteRun resume_run(const RunOptions& options) {
  SuiteRun run;
  run.context = make_context(options.server_binary, options.load_binary);
  run.allowed_cpus = net::allowed_cpus();
  run.directory = options.resume;
  run.context.directory = run.directory;
  const std::string path = run.directory + "/run.json";
  if (!fs::exists(path)) {
    throw std::invalid_argument(
        fmt::format("{}: there is no such file: give --resume the directory of a run that was interrupted", path));
  }
  run.lock = RunLock(run.directory);
  const Json before = load_json(path);
  const JsonReader reader(before, path);
  check_run(reader);
  if (before["complete"] == true) {
    throw std::invalid_argument(fmt::format("{}: is complete, there is nothing to resume", path));
  }
  RunRecord& record = run.record;
  record.suite = parse_suite(reader.at("suite"));
  check_suite_files(record.suite, run.directory);
  run.catalogue = Catalogue::query(run.context.programs.server);
  check_models(record.suite, path + ": /suite", run.catalogue);
  record.run_id = before["run_id"];
  record.started_at = before["started_at"];
  record.seed = static_cast<std::uint64_t>(reader.at("seed").integer(0, INT64_MAX));
  record.environment_start = before["environment"]["start"];
  record.placement = before["placement"];
  record.conformance = Json::array();
  for (const Json& entry : before["conformance"]) {
    if (entry["status"] == "passed") {  // a server that did not pass is checked again
      record.conformance.push_back(entry);
    }
  }
  if (record.placement != run.context.placement.to_json()) {
    throw std::invalid_argument("cannot resume: other CPUs are allowed now: start a new run");
  }
  const Json environment = read_environment(run.context.programs);
  refuse_changed_environment(record.environment_start, environment);
  run.machine_busy = describe_busy(environment);
  check_same_suite(reader, run.directory);
  record.cells = cells_to_resume(reader, record.suite);
  exclude_unsupported(run);
  SeededOrder order(record);
  record.rounds =
      RoundsLog::recover(run.directory + "/rounds.jsonl", [&order](const JsonReader& round) { order.check(round); });
  return run;
}

}  // namespace fanin::harness
