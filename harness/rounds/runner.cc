#include "harness/rounds/runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <system_error>

#include "harness/rounds/conformance.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/interrupt.h"
#include "harness/rounds/progress.h"
#include "harness/rounds/rounds_log.h"
#include "harness/rounds/run_report.h"
#include "harness/rounds/server_under_test.h"
#include "net/affinity.h"
#include "os/atomic_file.h"
#include "os/format.h"
#include "os/printable.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

// One run from its first conformance case to its run.json.
class Run {
 public:
  explicit Run(Session session) : session_(std::move(session)), log_(session_.directory + "/rounds.jsonl") {}

  void announce() const;
  void check_servers();   // throws Interrupted
  void measure_blocks();  // throws Interrupted
  void finish(bool complete);
  const Session& session() const noexcept { return session_; }
  bool is_removed() const noexcept { return log_.is_removed(); }

 private:
  using Done = std::set<std::pair<std::string, int>>;  // cell and block

  const ServerSpec& server_of(const Cell& cell) const;
  void settle_by_conformance(const Cell& cell);
  Done rounds_done() const;
  std::vector<const Cell*> open_cells() const;
  void measure(const Cell& cell, int block, std::size_t order);
  void write_run() const;

  Session session_;
  RoundsLog log_;
};

const ServerSpec& Run::server_of(const Cell& cell) const {
  const auto& servers = session_.record.suite.servers;
  return *std::find_if(servers.begin(), servers.end(), [&](const ServerSpec& s) { return s.name == cell.server; });
}

std::vector<const Cell*> Run::open_cells() const {
  std::vector<const Cell*> open;
  for (const Cell& cell : session_.record.cells) {
    if (session_.record.settled.count(cell.id) == 0) {
      open.push_back(&cell);
    }
  }
  return open;
}

void Run::announce() const {
  const RunRecord& record = session_.record;
  const Placement& placement = session_.rig.placement;
  const std::string where =
      placement.split ? fmt::format("server on CPU {}, client on CPU {}", format_cpu_list(placement.server_cpus),
                                    format_cpu_list(placement.client_cpus))
                      : "server and client share one CPU, so that they take it from each other";
  print_text(stderr,
             fmt::format("{}: {}, {} of them unsupported here; {}, seed {}; {}\n", printable(record.run_id),
                         plural(record.cells.size(), "cell"), record.settled.size(),
                         plural(static_cast<std::uint64_t>(record.suite.repetitions), "block"), record.seed, where));
}

void Run::settle_by_conformance(const Cell& cell) {
  RunRecord& record = session_.record;
  const auto is_about_it = [&](const Json& entry) {
    return entry.at("server") == cell.server && entry.at("protocol") == cell.workload.protocol();
  };
  auto entry = std::find_if(record.conformance.begin(), record.conformance.end(), is_about_it);
  if (entry == record.conformance.end()) {
    record.conformance.push_back(check_conformance(session_.rig, server_of(cell), cell));
    entry = record.conformance.end() - 1;
    if ((*entry)["status"] != "passed") {
      print_text(stderr,
                 fmt::format("conformance of {} ({}): {}: {}\n", cell.server, cell.workload.protocol(),
                             (*entry)["status"].get<std::string>(), printable((*entry)["reason"].get<std::string>())));
    }
  }
  if ((*entry)["status"] != "passed") {
    record.settled[cell.id] = {"failed", "conformance: " + (*entry)["reason"].get<std::string>()};
  }
}

void Run::check_servers() {
  for (const Cell* cell : open_cells()) {
    settle_by_conformance(*cell);
  }
  write_run();
}

Run::Done Run::rounds_done() const {
  Done done;
  for (const Json& round : session_.record.rounds) {
    done.emplace(round.at("cell").get<std::string>(), round.at("block").get<int>());
  }
  return done;
}

void Run::measure(const Cell& cell, int block, std::size_t order) {
  const std::uint64_t seed = derive_round_seed(session_.record.seed, block, order);
  Json round = run_round(session_.rig, server_of(cell), cell, seed);
  round["block"] = block;
  round["order"] = order;
  log_.append(round);
  session_.record.rounds.push_back(std::move(round));
}

void Run::measure_blocks() {
  const RunRecord& record = session_.record;
  const Done done = rounds_done();
  std::vector<std::pair<const Cell*, std::pair<int, std::size_t>>> schedule;
  ExpectedTime planned{};
  for (int block = 0; block < record.suite.repetitions; ++block) {
    const std::vector<std::size_t> order = block_order(record.seed, block, record.cells.size());
    for (std::size_t place = 0; place < order.size(); ++place) {
      const Cell& cell = record.cells[order[place]];
      if (record.settled.count(cell.id) == 0 && done.count({cell.id, block}) == 0) {
        schedule.push_back({&cell, {block, place}});
        planned += expected_time(cell);
      }
    }
  }
  Progress progress(::isatty(STDERR_FILENO) == 1, schedule.size(), planned);
  for (const auto& [cell, position] : schedule) {
    progress.round_begins(cell->id);
    measure(*cell, position.first, position.second);
    progress.round_ends(record.rounds.back(), expected_time(*cell));
  }
  progress.finish();
}

void Run::write_run() const {
  write_file_atomically(session_.directory + "/run.json", to_text(session_.record.to_json(session_.catalogue)));
}

void Run::finish(bool complete) {
  session_.record.complete = complete;
  session_.record.finished_at = timestamp_now();
  bind_to_cpus(session_.allowed_cpus);  // as it was when the first fingerprint was taken
  session_.record.environment_end = read_environment(session_.rig.programs);
  write_run();
}

int exit_code(const RunRecord& record) {
  bool measured = false;
  bool failed = false;
  for (const Cell& cell : record.cells) {
    const std::string status = record.verdict(cell).status;
    measured = measured || status == "measured";
    failed = failed || status == "failed";
  }
  return measured && !failed ? 0 : 1;
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

// The end of a run for a reason that is no server's: what is kept, and how to go on.
std::runtime_error cut_short(const Run& run, const std::exception& error, const char* remedy) {
  const Session& session = run.session();
  if (run.is_removed()) {
    return std::runtime_error(fmt::format("{} was removed during the run, and with it {} finished rounds: start again",
                                          session.directory, session.record.rounds.size()));
  }
  return std::runtime_error(fmt::format("{}: {} finished rounds are kept; {} and go on with: fanin run --resume {}",
                                        error.what(), session.record.rounds.size(), remedy, session.directory));
}

// Returns whether all of it was done; false where the user interrupted it.
bool measure_all(Run& run) {
  try {
    run.check_servers();
    run.measure_blocks();
    return true;
  } catch (const Interrupted&) {
    return false;
  }
}

}  // namespace

int run_suite(const RunOptions& options) {
  const Interrupt interrupt;
  Session session = options.resume.empty() ? begin_session(options) : resume_session(options);
  session.rig.interrupt_fd = interrupt.fd();
  // The harness sits with the client and sleeps: it must not take time from the server.
  bind_to_cpus(session.rig.placement.client_cpus);
  Run run(std::move(session));
  run.announce();
  bool complete = false;
  try {
    complete = measure_all(run);
    run.finish(complete);
  } catch (const RunFailure& error) {
    throw cut_short(run, error, "mend this");
  } catch (const std::system_error& error) {
    throw cut_short(run, error, remedy(error.code()));
  }
  if (!complete) {
    print_text(stderr, fmt::format("\ninterrupted: {} finished rounds are kept; go on with: fanin run --resume {}\n",
                                   run.session().record.rounds.size(), printable(run.session().directory)));
    return 130;
  }
  print_text(stdout, fmt::format("{}\nResults: {}/run.json\n", describe_run(run.session().record),
                                 printable(run.session().directory)));
  return exit_code(run.session().record);
}

}  // namespace fanin::harness
