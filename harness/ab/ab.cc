#include "harness/ab/ab.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

#include "harness/ab/side.h"
#include "harness/analysis/summary.h"
#include "harness/machine/machine.h"
#include "harness/rounds/console.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/monitor.h"
#include "harness/rounds/run_directory.h"
#include "harness/rounds/server_under_test.h"
#include "harness/rounds/suite_run.h"
#include "net/affinity.h"
#include "net/duration.h"
#include "net/socket.h"
#include "os/files.h"
#include "os/format.h"
#include "os/printable.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

constexpr double kComparisonErrorRate = 0.01;
constexpr double kSessionErrorRate = 0.05;  // that any comparison of a session errs
constexpr std::size_t kArms = 3;            // base, new, control: a second copy of base

struct Arm {
  ServerSpec server;
  std::string program;
};

// One cell of a session.
struct AbCell {
  Cell cell;
  Arm base;
  Arm now;
  bool interleaved = false;
  std::vector<MetricTrack> tracks = {};
  std::array<std::vector<const Json*>, 2> rounds = {};  // of base and new
  std::optional<CellFault> fault = {};

  bool decided() const {
    return fault || std::all_of(tracks.begin(), tracks.end(), [](const MetricTrack& track) { return track.decided(); });
  }
};

// A session from its first unit to its verdicts. Owns the rounds.
class Session {
 public:
  Session(const RoundContext& context, std::vector<AbCell> cells, std::uint64_t seed)
      : context_(context), cells_(std::move(cells)), seed_(seed) {}

  // Goes on until every cell is decided, the deadline has passed or a cell has had `max_units`. Throws Interrupted.
  void measure(TimePoint deadline, std::size_t max_units);
  const std::vector<AbCell>& cells() const noexcept { return cells_; }

 private:
  void measure_unit(AbCell& cell, std::uint64_t seed);
  void show(std::size_t unit, TimePoint deadline) const;

  const RoundContext& context_;
  std::vector<AbCell> cells_;
  std::uint64_t seed_;
  std::deque<Json> rounds_;
};

// Rounds of the three arms, interleaved, or one after the other in a drawn order.
std::vector<Json> measure_arms(const RoundContext& context, const AbCell& cell, std::uint64_t seed) {
  const std::array<const Arm*, kArms> arms{&cell.base, &cell.now, &cell.base};
  std::vector<UnitMember> members;
  for (const Arm* arm : arms) {
    members.push_back({&arm->server, &cell.cell, arm->program});
  }
  if (cell.interleaved) {
    return run_unit(context, members, seed);
  }
  std::vector<Json> rounds(kArms);
  for (const std::size_t arm : block_order(seed, 0, kArms)) {
    rounds[arm] = std::move(run_unit(context, {members[arm]}, derive_round_seed(seed, 1, arm)).front());
  }
  return rounds;
}

std::optional<double> value_of(const Json& round, const std::string& metric) {
  const Json value = round.at("status") == "ok" ? metric_of(round, metric) : Json(nullptr);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

// A cell has no usable result if most of a side's rounds are not ok.
std::optional<CellFault> find_fault(const AbCell& cell) {
  for (const auto& [rounds, side] : {std::pair{&cell.rounds[0], "base"}, {&cell.rounds[1], "new"}}) {
    const CellVerdict verdict = judge_cell(*rounds, static_cast<int>(rounds->size()));
    if (!rounds->empty() && verdict.status != "measured") {
      return CellFault{cell.cell.id, verdict.status, fmt::format("{}: {}", side, verdict.reason)};
    }
  }
  return std::nullopt;
}

void Session::measure_unit(AbCell& cell, std::uint64_t seed) {
  std::vector<Json> rounds = measure_arms(context_, cell, seed);
  for (MetricTrack& track : cell.tracks) {
    const std::string& metric = track.metric();
    track.add({value_of(rounds[0], metric), value_of(rounds[1], metric), value_of(rounds[2], metric)});
  }
  for (std::size_t side = 0; side < cell.rounds.size(); ++side) {
    cell.rounds[side].push_back(&rounds_.emplace_back(std::move(rounds[side])));
  }
  constexpr std::size_t kPatience = 3;  // units before a cell that never works is given up
  if (cell.rounds[0].size() == kPatience) {
    cell.fault = find_fault(cell);
  }
}

void Session::show(std::size_t unit, TimePoint deadline) const {
  if (::isatty(STDERR_FILENO) != 1) {
    return;
  }
  const auto decided = std::count_if(cells_.begin(), cells_.end(), [](const AbCell& cell) { return cell.decided(); });
  const auto left = std::chrono::ceil<std::chrono::seconds>(std::max(deadline - now(), Nanoseconds(0)));
  print_text(stderr, fmt::format("\r\033[Kunit {}: {} decided, at most {} s left", unit,
                                 part_of(static_cast<std::size_t>(decided), cells_.size(), "cell"), left.count()));
}

void Session::measure(TimePoint deadline, std::size_t max_units) {
  for (std::size_t unit = 0; unit < max_units; ++unit) {
    for (const std::size_t index : block_order(seed_, static_cast<int>(unit), cells_.size())) {
      AbCell& cell = cells_[index];
      if (cell.decided()) {
        continue;
      }
      if (now() >= deadline) {
        return;
      }
      measure_unit(cell, derive_round_seed(seed_, static_cast<int>(unit), index));
      show(unit + 1, deadline);
    }
  }
}

// The cells of the suite, with both sides' servers. A side that is a server takes the place of the suite's.
std::vector<AbCell> make_ab_cells(const Suite& suite, const AbOptions& options, const Side& base, const Side& now) {
  std::vector<AbCell> cells;
  std::set<std::string> seen;
  for (Cell& cell : make_cells(suite, options.only)) {
    if (cell.aa) {
      continue;  // each unit has a control
    }
    const auto spec = std::find_if(suite.servers.begin(), suite.servers.end(),
                                   [&](const ServerSpec& server) { return server.name == cell.server; });
    if (base.server) {
      cell.server = now.server->name;
      cell.id = fmt::format("{}/{}/{}", cell.experiment, cell.server, cell.value.dump());
    }
    if (seen.insert(cell.id).second) {
      cells.push_back({std::move(cell), {base.apply(*spec), base.program}, {now.apply(*spec), now.program}});
    }
  }
  return cells;
}

// Whether a server uses a CPU although it is not driven: it would take that from the others of its unit.
bool spins_while_idle(const RoundContext& context, const Arm& arm, const Cell& cell) {
  constexpr Nanoseconds kWatch = std::chrono::milliseconds(200);
  constexpr double kShare = 0.2;
  ServerUnderTest server(arm.server, cell.workload, arm.program.empty() ? context.programs.server : arm.program,
                         context.placement.server_cpus);
  server.wait_ready(context.interrupt_fd);
  Monitor monitor(server.process().reaper());
  monitor.discover();
  const auto before = monitor.read_cpu_of_tree();
  const auto ended = [&] { return server.process().status().has_value(); };
  wait_until({&server.process()}, -1, context.interrupt_fd, fanin::now() + kWatch, ended);
  const auto after = monitor.read_cpu_of_tree();
  Json counters;
  server.stop_and_collect(counters);
  return before && after && to_seconds(after->total - before->total) > kShare * to_seconds(kWatch);
}

SequentialPlan plan_comparisons(const std::vector<AbCell>& cells, const AbOptions& options, std::size_t max_units) {
  std::size_t comparisons = 0;
  for (const AbCell& cell : cells) {
    comparisons += choose_metrics(cell.cell, options).size();
  }
  const double each = kSessionErrorRate / static_cast<double>(std::max<std::size_t>(comparisons, 1));
  return plan_looks(max_units, std::min(kComparisonErrorRate, each));
}

// Sets windows and metrics, and finds out which cells can be interleaved. A server that does not start is a fault.
void prepare(const RoundContext& context, std::vector<AbCell>& cells, const AbOptions& options,
             const SessionPlan& session, const SequentialPlan& plan) {
  std::map<std::pair<std::string, std::string>, bool> spins;  // by server and program
  const auto keeps_still = [&](const Arm& arm, const Cell& cell) {
    const auto [known, is_new] = spins.emplace(std::pair{arm.server.name, arm.program}, false);
    if (is_new) {
      known->second = spins_while_idle(context, arm, cell);
    }
    return !known->second;
  };
  for (AbCell& cell : cells) {
    for (const TrackedMetric& metric : choose_metrics(cell.cell, options)) {
      cell.tracks.emplace_back(cell.cell.id, metric, plan);
    }
    if (asks_about_memory(cell.cell)) {
      continue;
    }
    cell.cell.duration = session.window;
    cell.cell.warmup = {session.warmup};
    try {
      cell.interleaved = can_interleave(context.programs, cell.cell.workload, context.directory) &&
                         keeps_still(cell.base, cell.cell) && keeps_still(cell.now, cell.cell);
    } catch (const RoundFailure& failure) {
      cell.fault = CellFault{cell.cell.id, "failed", failure.what()};
    }
  }
}

// Removes the cells that this machine or a side cannot measure. Returns a note for each.
std::vector<std::string> exclude_unsupported(std::vector<AbCell>& cells, const Side& base, const Side& now,
                                             const RoundContext& context, const std::string& path, const Suite& suite) {
  raise_descriptor_limit();
  const MachineLimits limits = read_machine_limits();
  std::map<std::string, Catalogue> catalogues;  // by program
  for (const Side* side : {&base, &now}) {
    const std::string& program = side->program.empty() ? context.programs.server : side->program;
    const Catalogue& catalogue = catalogues.try_emplace(side->program, Catalogue::query(program)).first->second;
    if (!side->server) {
      check_models(suite, path, catalogue);
    }
  }
  std::vector<std::string> notes;
  std::erase_if(cells, [&](const AbCell& cell) {
    for (const Arm* arm : {&cell.base, &cell.now}) {
      const std::string reason = unsupported_reason(cell.cell, arm->server, catalogues.at(arm->program), limits);
      if (!reason.empty()) {
        notes.push_back(fmt::format("{}: not measured: {}", cell.cell.id, reason));
        return true;
      }
    }
    return false;
  });
  if (cells.empty()) {
    throw std::invalid_argument(fmt::format("{}: no cell can be measured here: {}", path, notes.front()));
  }
  return notes;
}

void announce(const std::vector<AbCell>& cells, const AbOptions& options, const SessionPlan& session,
              const SequentialPlan& plan) {
  print_text(stderr,
             fmt::format("base {}, new {}: {}, at most {} of {} each, in {}\n", printable(options.base),
                         printable(options.now), plural(cells.size(), "cell"), plural(session.max_units, "unit"),
                         format_duration(session.window), format_duration(options.budget)));
  if (plan.looks.size() == 1) {
    print_text(stderr, fmt::format("{} may be too few to decide anything: give a longer --budget, or fewer cells with "
                                   "--only\n",
                                   plural(session.max_units, "unit")));
  }
}

Judgement judge(const Session& session, const AbOptions& options, const SequentialPlan& plan) {
  Judgement judgement{.kind = "ab", .base = options.base, .now = options.now, .strict = options.strict};
  for (const AbCell& cell : session.cells()) {
    const auto fault = cell.fault ? cell.fault : find_fault(cell);
    if (fault) {
      judgement.faults.push_back(*fault);
      continue;
    }
    for (const MetricTrack& track : cell.tracks) {
      judgement.metrics.push_back(track.verdict());
    }
  }
  judgement.procedure = {
      .method =
          "units of three fresh servers (base, new, a copy of base) driven in slices; Hodges-Lehmann estimate of "
          "the units' log ratios, exact signed-rank intervals, repeated looks",
      .error_rate = plan.error_rate,
      .looks = plan.looks,
      .false_alarms = "not measured on this machine: run fanin selftest"};
  return judgement;
}

}  // namespace

int run_ab(const AbOptions& options) {
  const Interrupt interrupt;
  RoundContext context = make_context("", options.load_binary);
  context.interrupt_fd = interrupt.fd();
  const Catalogue catalogue = Catalogue::query(context.programs.server);
  const Side base = parse_side(options.base, catalogue);
  const Side now = parse_side(options.now, catalogue);
  check_sides(base, now);
  const std::string path = find_suite(options.suite, context.programs);
  const Suite suite = parse_suite(load_json(path), path);
  context.directory = std::filesystem::absolute(path).parent_path();
  check_suite_files(suite, context.directory);
  std::vector<AbCell> cells = make_ab_cells(suite, options, base, now);
  std::vector<std::string> notes = exclude_unsupported(cells, base, now, context, path, suite);
  const SessionPlan session = plan_session(options.budget, cells.size());
  const SequentialPlan plan = plan_comparisons(cells, options, session.max_units);
  announce(cells, options, session, plan);
  const std::vector<int> allowed = allowed_cpus();
  bind_to_cpus(context.placement.client_cpus);  // the harness sleeps there: it must not take time from the server
  const TimePoint deadline = fanin::now() + options.budget;
  bool interrupted = false;
  std::optional<Session> measured;
  try {
    prepare(context, cells, options, session, plan);
    measured.emplace(context, std::move(cells), options.seed.value_or(draw_seed()));
    measured->measure(deadline, session.max_units);
  } catch (const Interrupted&) {
    interrupted = true;
  }
  bind_to_cpus(allowed);
  if (!measured) {
    return 130;
  }
  Judgement judgement = judge(*measured, options, plan);
  judgement.notes = std::move(notes);
  print_text(stdout, (::isatty(STDERR_FILENO) == 1 ? "\n" : "") + describe_judgement(judgement));
  if (!options.json_path.empty()) {
    Json document = judgement_to_json(judgement);
    document["environment"] = read_environment(context.programs);
    write_file_atomically(options.json_path, to_text(document));
  }
  const ExitCode code = judgement.exit_code();
  return interrupted ? 130 : options.bisect ? exit_code_for_bisect(code) : static_cast<int>(code);
}

}  // namespace fanin::harness
