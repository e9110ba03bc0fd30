#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <set>
#include <stdexcept>
#include <system_error>

#include "harness/rounds/console.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/round.h"
#include "harness/rounds/run_directory.h"
#include "harness/rounds/run_record.h"
#include "harness/rounds/server_under_test.h"
#include "harness/rounds/suite_run.h"
#include "net/affinity.h"
#include "os/files.h"
#include "os/format.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

// One run from its first conformance case to its run.json.
class Runner {
 public:
  explicit Runner(SuiteRun run) : run_(std::move(run)), log_(run_.directory + "/rounds.jsonl") {}

  void announce() const;
  void check_servers();   // throws Interrupted
  void measure_blocks();  // throws Interrupted
  void finish(bool complete);
  const SuiteRun& run() const noexcept { return run_; }
  bool is_gone() const noexcept { return log_.is_gone(); }

 private:
  using Done = std::set<std::pair<std::string, int>>;  // cell and block
  using Unit = std::vector<const Cell*>;

  const ServerSpec& find_server(const Cell& cell) const;
  void exclude_nonconforming(const Cell& cell);
  Done list_finished_rounds() const;
  std::vector<const Cell*> list_open_cells() const;
  void measure(const Unit& unit, int block, std::size_t order);
  void write_run() const;

  SuiteRun run_;
  RoundsLog log_;
};

const ServerSpec& Runner::find_server(const Cell& cell) const {
  const auto& servers = run_.record.suite.servers;
  return *std::find_if(servers.begin(), servers.end(), [&](const ServerSpec& s) { return s.name == cell.server; });
}

std::vector<const Cell*> Runner::list_open_cells() const {
  std::vector<const Cell*> open;
  for (const Cell& cell : run_.record.cells) {
    if (run_.record.excluded.count(cell.id) == 0) {
      open.push_back(&cell);
    }
  }
  return open;
}

void Runner::announce() const {
  const RunRecord& record = run_.record;
  const Placement& placement = run_.context.placement;
  const std::string where =
      placement.split ? fmt::format("server on CPU {}, client on CPU {}", net::format_cpu_list(placement.server_cpus),
                                    net::format_cpu_list(placement.client_cpus))
                      : "server and client share one CPU, so that they take it from each other";
  os::print_text(
      stderr,
      fmt::format("{}: {}, {} of them unsupported here; {}, seed {}; {}\n", os::printable(record.run_id),
                  os::plural(record.cells.size(), "cell"), record.excluded.size(),
                  os::plural(static_cast<std::uint64_t>(record.suite.repetitions), "block"), record.seed, where));
  if (!run_.machine_busy.empty()) {
    os::print_text(stderr, fmt::format("busy-machine: {}: stop other programs, and start again\n", run_.machine_busy));
  }
}

void Runner::exclude_nonconforming(const Cell& cell) {
  RunRecord& record = run_.record;
  const auto is_about_it = [&](const Json& entry) {
    return entry.at("server") == cell.server && entry.at("protocol") == cell.workload.protocol();
  };
  auto entry = std::find_if(record.conformance.begin(), record.conformance.end(), is_about_it);
  if (entry == record.conformance.end()) {
    record.conformance.push_back(check_conformance(run_.context, find_server(cell), cell));
    entry = record.conformance.end() - 1;
    if ((*entry)["status"] != "passed") {
      os::print_text(stderr, fmt::format("conformance of {} ({}): {}: {}\n", cell.server, cell.workload.protocol(),
                                         (*entry)["status"].get<std::string>(),
                                         os::printable((*entry)["reason"].get<std::string>())));
    }
  }
  if ((*entry)["status"] != "passed") {
    record.excluded[cell.id] = {"failed", "conformance: " + (*entry)["reason"].get<std::string>()};
  }
}

void Runner::check_servers() {
  for (const Cell* cell : list_open_cells()) {
    exclude_nonconforming(*cell);
  }
  write_run();
}

Runner::Done Runner::list_finished_rounds() const {
  Done done;
  for (const Json& round : run_.record.rounds) {
    done.emplace(round.at("cell").get<std::string>(), round.at("block").get<int>());
  }
  return done;
}

void Runner::measure(const Unit& unit, int block, std::size_t order) {
  const std::uint64_t seed = derive_round_seed(run_.record.seed, block, order);
  std::vector<UnitMember> members;
  for (const Cell* cell : unit) {
    members.push_back({&find_server(*cell), cell});
  }
  std::vector<Json> rounds = run_unit(run_.context, members, seed);
  for (Json& round : rounds) {
    round["block"] = block;
    round["order"] = order;
  }
  log_.append(rounds);
  std::move(rounds.begin(), rounds.end(), std::back_inserter(run_.record.rounds));
}

std::string describe_unit(const std::vector<const Cell*>& unit) {
  const Cell& first = *unit.front();
  return unit.size() == 1 ? first.id
                          : fmt::format("{}/{}: {} interleaved", first.experiment, first.value.dump(),
                                        os::plural(unit.size(), "server"));
}

void Runner::measure_blocks() {
  const RunRecord& record = run_.record;
  const Done done = list_finished_rounds();
  struct Step {
    Unit unit;
    int block;
    std::size_t place;
  };
  std::vector<Step> schedule;
  ExpectedTime planned{};
  std::size_t rounds = 0;
  const std::vector<std::vector<std::size_t>> units = make_units(record.cells);
  for (int block = 0; block < record.suite.repetitions; ++block) {
    const std::vector<std::size_t> order = block_order(record.seed, block, units.size());
    for (std::size_t place = 0; place < order.size(); ++place) {
      Unit unit;
      for (const std::size_t index : units[order[place]]) {
        const Cell& cell = record.cells[index];
        if (record.excluded.count(cell.id) == 0 && done.count({cell.id, block}) == 0) {
          unit.push_back(&cell);
          planned += expected_time(cell);
        }
      }
      if (!unit.empty()) {
        rounds += unit.size();
        schedule.push_back({std::move(unit), block, place});
      }
    }
  }
  Progress progress(::isatty(STDERR_FILENO) == 1, rounds, planned);
  for (const auto& [unit, block, place] : schedule) {
    progress.round_begins(describe_unit(unit));
    measure(unit, block, place);
    for (std::size_t i = 0; i < unit.size(); ++i) {
      progress.round_ends(record.rounds[record.rounds.size() - unit.size() + i], expected_time(*unit[i]));
    }
  }
  progress.finish();
}

void Runner::write_run() const {
  os::write_file_atomically(run_.directory + "/run.json", to_text(run_.record.to_json(run_.catalogue)));
}

void Runner::finish(bool complete) {
  run_.record.complete = complete;
  run_.record.finished_at = timestamp_now();
  net::bind_to_cpus(run_.allowed_cpus);  // as it was when the first fingerprint was taken
  run_.record.environment_end = read_environment(run_.context.programs);
  write_run();
}

const char* remedy(const std::error_code& error) {
  switch (error.value()) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "make room";
    case EMFILE:
      return "raise ulimit -n";
    case EAGAIN:
      return "raise ulimit -u";
    default:
      return "mend this";
  }
}

// The message where no server is at fault: what is kept, and how to go on.
std::runtime_error describe_abort(const Runner& runner, const std::exception& error, const char* remedy) {
  const std::string& directory = runner.run().directory;
  const std::size_t finished = runner.run().record.rounds.size();
  if (runner.is_gone()) {
    return std::runtime_error(fmt::format(
        "{0} was moved or removed during the run, and with it {1} finished rounds: move it back and go on with: "
        "fanin run --resume {0}; or start again",
        directory, finished));
  }
  return std::runtime_error(fmt::format("{}: {} finished rounds are kept; {} and go on with: fanin run --resume {}",
                                        error.what(), finished, remedy, directory));
}

// Returns whether all rounds were measured; false if the user interrupted the run.
bool measure_all(Runner& runner) {
  try {
    runner.check_servers();
    runner.measure_blocks();
    return true;
  } catch (const Interrupted&) {
    return false;
  }
}

}  // namespace

int run_suite(const RunOptions& options) {
  const Interrupt interrupt;
  SuiteRun run = options.resume.empty() ? begin_run(options) : resume_run(options);
  run.context.interrupt_fd = interrupt.fd();
  // The harness shares the client's CPUs and sleeps: it must not take time from the server.
  net::bind_to_cpus(run.context.placement.client_cpus);
  Runner runner(std::move(run));
  runner.announce();
  bool complete = false;
  try {
    complete = measure_all(runner);
    runner.finish(complete);
  } catch (const RunFailure& error) {
    throw describe_abort(runner, error, "mend this");
  } catch (const std::system_error& error) {
    throw describe_abort(runner, error, remedy(error.code()));
  }
  const std::string directory = os::printable(runner.run().directory);
  const RunRecord& record = runner.run().record;
  if (!complete) {
    os::print_text(stderr,
                   fmt::format("\ninterrupted: {} finished rounds are kept; go on with: fanin run --resume {}\n",
                               record.rounds.size(), directory));
    return static_cast<int>(os::ExitCode::kInterrupted);
  }
  if (options.prints_table) {
    os::print_text(stdout, fmt::format("{}\nResults: {}/run.json\n", describe_run(record), directory));
  }
  return static_cast<int>(record.exit_code());
}

}  // namespace fanin::harness
