#include "harness/ab/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <deque>
#include <map>
#include <utility>

#include "harness/ab/unit.h"
#include "harness/analysis/notes.h"
#include "harness/analysis/summary.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/server_under_test.h"
#include "net/affinity.h"
#include "net/clock.h"
#include "os/format.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

constexpr double kComparisonErrorRate = 0.01;
constexpr double kSessionErrorRate = 0.05;  // that any comparison of a session errs

// A session from its first unit to its verdicts. Owns the rounds.
class Session {
 public:
  Session(const RoundContext& context, std::uint64_t seed) : context_(context), seed_(seed) {}

  // Goes on until every cell is decided, the deadline has passed or a cell has had `max_units`. Throws Interrupted.
  void measure(std::vector<AbCell> cells, net::TimePoint deadline, std::size_t max_units);
  const std::vector<AbCell>& cells() const noexcept { return cells_; }

 private:
  void measure_unit(AbCell& cell, std::uint64_t seed);
  void show(std::size_t unit, net::TimePoint deadline) const;

  const RoundContext& context_;
  std::vector<AbCell> cells_;
  std::uint64_t seed_;
  std::deque<Json> rounds_;
};

// Of the three arms.
MeasuredUnit measure_cell(const RoundContext& context, const AbCell& cell, std::uint64_t seed) {
  std::vector<UnitArm> arms;
  for (const Arm* arm : {&cell.base, &cell.now, &cell.base}) {
    arms.push_back({{&arm->server, &cell.cell, arm->program}});
  }
  return measure_arms(context, arms, choose_design(cell.interleaved, cell.rounds[0].empty()), seed);
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
  auto [rounds, interleaved] = measure_cell(context_, cell, seed);
  cell.interleaved = interleaved;
  cell.busy_units += std::any_of(rounds.begin(), rounds.end(), is_on_busy_machine) ? 1 : 0;
  for (MetricTrack& track : cell.tracks) {
    const std::string& metric = track.metric();
    track.add({value_of(rounds[0], metric), value_of(rounds[1], metric), value_of(rounds[2], metric)});
  }
  for (std::size_t side = 0; side < cell.rounds.size(); ++side) {
    cell.rounds[side].push_back(&rounds_.emplace_back(std::move(rounds[side])));
  }
  constexpr std::size_t kPatience =
      3;  // units before a cell that never works is given up; a busy machine may calm down
  if (cell.rounds[0].size() == kPatience && cell.busy_units == 0) {
    cell.fault = find_fault(cell);
  }
}

void Session::show(std::size_t unit, net::TimePoint deadline) const {
  if (::isatty(STDERR_FILENO) != 1) {
    return;
  }
  const auto decided = std::count_if(cells_.begin(), cells_.end(), [](const AbCell& cell) { return cell.decided(); });
  const auto left = std::chrono::ceil<std::chrono::seconds>(std::max(deadline - net::now(), net::Nanoseconds(0)));
  os::print_text(stderr,
                 fmt::format("\r\033[Kunit {}: {} decided, at most {} s left", unit,
                             os::part_of(static_cast<std::size_t>(decided), cells_.size(), "cell"), left.count()));
}

void Session::measure(std::vector<AbCell> cells, net::TimePoint deadline, std::size_t max_units) {
  cells_ = std::move(cells);
  for (std::size_t unit = 0; unit < max_units; ++unit) {
    for (const std::size_t index : block_order(seed_, static_cast<int>(unit), cells_.size())) {
      AbCell& cell = cells_[index];
      if (cell.decided()) {
        continue;
      }
      if (net::now() >= deadline) {
        return;
      }
      measure_unit(cell, derive_round_seed(seed_, static_cast<int>(unit), index));
      show(unit + 1, deadline);
    }
  }
}

statistics::SequentialPlan plan_comparisons(const std::vector<AbCell>& cells, const AbOptions& options,
                                            std::size_t max_units) {
  std::size_t comparisons = 0;
  for (const AbCell& cell : cells) {
    comparisons += choose_metrics(cell.cell, options).size();
  }
  const double each = kSessionErrorRate / static_cast<double>(std::max<std::size_t>(comparisons, 1));
  return statistics::plan_looks(max_units, std::min(kComparisonErrorRate, each));
}

// Sets windows and metrics, and finds out which cells can be interleaved. A server that does not start is a fault.
std::vector<AbCell> prepare(const RoundContext& context, std::vector<AbCell> cells, const AbOptions& options,
                            const SessionPlan& session, const statistics::SequentialPlan& plan) {
  std::map<std::vector<std::string>, bool> spins;  // by command line
  const auto keeps_still = [&](const Arm& arm, const Cell& cell) {
    const auto [known, is_new] = spins.emplace(arm.command_line(), false);
    if (is_new) {
      known->second = spins_while_idle(context, arm.server, arm.program, cell.workload);
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
  return cells;
}

// How the arms of a unit share its time. Cells of memory, workloads that fanin-load cannot interleave, servers that
// spin and replies that outlast a slice are measured one after another.
std::string describe_driving(const std::vector<AbCell>& cells) {
  const auto interleaved = static_cast<std::size_t>(
      std::count_if(cells.begin(), cells.end(), [](const AbCell& cell) { return cell.interleaved; }));
  if (interleaved == cells.size()) {
    return "driven in slices";
  }
  return interleaved == 0 ? "measured one after another"
                          : fmt::format("driven in slices ({} one after another)",
                                        os::part_of(cells.size() - interleaved, cells.size(), "cell"));
}

Judgement judge(const Session& session, const AbOptions& options, const statistics::SequentialPlan& plan) {
  Judgement judgement{.kind = "ab", .base = options.base, .now = options.now, .strict = options.strict};
  std::size_t units = 0;
  std::size_t busy = 0;
  for (const AbCell& cell : session.cells()) {
    units += cell.rounds[0].size();
    busy += cell.busy_units;
    const auto fault = cell.fault ? cell.fault : find_fault(cell);
    if (fault) {
      judgement.faults.push_back(*fault);
      continue;
    }
    for (const MetricTrack& track : cell.tracks) {
      judgement.metrics.push_back(track.verdict());
    }
  }
  if (busy > 0) {
    judgement.notes.push_back(describe_busy_part(busy, units, "unit"));
  }
  judgement.procedure = {
      .method = fmt::format(
          "units of three fresh servers (base, new, a copy of base) {}; Hodges-Lehmann estimate of the units' log "
          "ratios of new to the mean of both copies, exact signed-rank intervals, repeated looks",
          describe_driving(session.cells())),
      .error_rate = plan.error_rate,
      .looks = plan.looks,
      .false_alarms = "not measured"};
  return judgement;
}

}  // namespace

std::vector<std::string> Arm::command_line() const {
  std::vector<std::string> words{program, server.model};
  words.insert(words.end(), server.args.begin(), server.args.end());
  words.insert(words.end(), server.command.begin(), server.command.end());
  return words;
}

Judgement hold_session(const RoundContext& context, std::vector<AbCell> cells, const AbOptions& options) {
  const SessionPlan times = plan_session(options.budget, cells.size());
  const statistics::SequentialPlan plan = plan_comparisons(cells, options, times.max_units);
  const std::vector<int> allowed = net::allowed_cpus();
  net::bind_to_cpus(context.placement.client_cpus);  // the harness sleeps there: it must not take time from the server
  const net::TimePoint deadline = net::now() + options.budget;
  bool interrupted = false;
  Session session(context, options.seed.value_or(draw_seed()));
  try {
    session.measure(prepare(context, std::move(cells), options, times, plan), deadline, times.max_units);
  } catch (const Interrupted&) {
    interrupted = true;
  }
  net::bind_to_cpus(allowed);
  Judgement judgement = judge(session, options, plan);
  judgement.interrupted = interrupted;
  return judgement;
}

}  // namespace fanin::harness
