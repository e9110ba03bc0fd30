#include "loadgen/experiments/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "loadgen/experiments/experiment_report.h"
#include "loadgen/experiments/rate_search.h"
#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
#include "loadgen/records/clock.h"
#include "loadgen/reports/assertions.h"
#include "loadgen/reports/report.h"
#include "os/format.h"

namespace fanin::load {
namespace {

constexpr const char* kCeilingRun = "closed loop first, for the ceiling";
constexpr double kHighestAsked = 1e8;
constexpr double kStartShare = 0.05;  // of the ceiling, where the search for a rate begins
constexpr int kMaxLateProbes = 6;     // two at each of three rates
constexpr int kNeverAgain = kMaxLateProbes;
constexpr double kMargin = 1.2;  // of the samples that a percentile needs: the number of arrivals is random

void print(const ExperimentOutput& output, const std::string& text) {
  if (output.text != nullptr) {
    os::print_text(output.text, text);
  }
}

void write_json(const ExperimentOutput& output, const nlohmann::ordered_json& json) {
  if (output.file != nullptr) {
    output.file->write(to_text(json));
  }
}

bool is_good(const Outcome& outcome) { return outcome.verdict.status != Status::kInvalid; }

// Prints the rate of the closed loop; false if its result is invalid.
bool show_ceiling(const Outcome& ceiling, const ExperimentOutput& output) {
  if (is_good(ceiling)) {
    print(output, fmt::format("closed loop: {}\n\n", os::format_rate(ceiling.result.requests_per_s())));
    return true;
  }
  print(output, fmt::format("closed loop: no ceiling: {}\n", ceiling.verdict.reasons.front().text));
  return false;
}

// A point that cannot run gets a reason and the sweep goes on, unless it is the first run: then no point can.
SweptPoint run_point(const SweepResult& result, std::size_t index, const Runner& run) {
  const Sweep& sweep = result.sweep;
  const SweepPoint& point = sweep.points[index];
  SweptPoint swept{.point = point};
  try {
    swept.outcome =
        run(point.options, fmt::format("{} of {}: {} {}", index + 1, sweep.points.size(), sweep.key, point.text));
  } catch (const std::exception& error) {  // also when this machine has no room for it
    if (index == 0 && !result.ceiling) {
      throw;
    }
    swept.reason = os::printable(error.what());
  }
  return swept;
}

void run_points(SweepResult& result, const Runner& run, const ExperimentOutput& output) {
  print(output, sweep_heading(result.sweep));
  for (std::size_t i = 0; i < result.sweep.points.size(); ++i) {
    result.points.push_back(run_point(result, i, run));
    print(output, sweep_row(result.sweep, result.points.back()));
    result.interrupted = result.points.back().outcome && result.points.back().outcome->result.interrupted;
    if (result.interrupted) {
      break;
    }
  }
  std::vector<const Outcome*> outcomes;
  for (const SweptPoint& point : result.points) {
    if (point.outcome) {
      outcomes.push_back(&*point.outcome);
    }
  }
  print(output, outcome_notes(outcomes));
}

void check_search(const LoadOptions& options) {
  if (options.rate_per_s || options.ramp || options.sweep) {
    refuse("--find-rate chooses the rates itself: leave --rate, --ramp and --sweep out");
  }
  if (options.requests) {
    refuse("--find-rate needs --duration: at every rate a number of requests takes another time");
  }
  if (!(options.find_precision >= 0.001 && options.find_precision <= 0.5)) {
    refuse(fmt::format("--find-precision {} is out of range: give 0.001 to 0.5", options.find_precision));
  }
  make_plan(closed_loop(options));
}

double in_seconds(Nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

// A probe lasts until its percentile has enough samples, at least a second; a confirmation lasts for --duration.
LoadOptions probe_options(const LoadOptions& options, const Objective& objective, double rate, ProbePhase phase) {
  LoadOptions probe = options;
  probe.rate_per_s = rate;
  const Nanoseconds whole = options.duration.value_or(kDefaultDuration);
  if (phase != ProbePhase::kConfirmation) {
    const double needed_s =
        std::min(kMargin * samples_needed(objective.percentile.percentile) / rate, in_seconds(whole));
    const auto needed = Nanoseconds(std::llround(needed_s * 1e9));
    probe.duration = std::min(whole, std::max<Nanoseconds>(needed, std::chrono::seconds(1)));
  }
  return probe;
}

// Below this rate the percentile would not have enough samples within --duration.
double lowest_rate(const LoadOptions& options, const Objective& objective) {
  return kMargin * samples_needed(objective.percentile.percentile) /
         in_seconds(options.duration.value_or(kDefaultDuration));
}

// Why the window is too short for a lower rate, and how long it must be for half the rate that failed and for the rate
// that a search begins at. Empty: a rate met the objective, or lower ones were tried.
std::string why_no_lower_rate(const LoadOptions& options, const RateSearchResult& result, double ceiling) {
  const std::vector<Probe>& probes = result.found.probes;
  const double lowest = lowest_rate(options, result.objective);
  double tried = kHighestAsked;
  for (const Probe& probe : probes) {
    tried = std::min(tried, probe.rate_per_s);
  }
  if (tried / 2 >= lowest || std::any_of(probes.begin(), probes.end(), [](const Probe& probe) { return probe.met; })) {
    return "";
  }
  const double needed_s =
      kMargin * samples_needed(result.objective.percentile.percentile) / std::min(tried / 2, kStartShare * ceiling);
  return fmt::format(
      "no rate below {} can be tried: {} needs {:.0f} requests and some more, which do not fit into --duration {}; "
      "give "
      "--duration {}",
      os::format_rate(tried), figure_name(result.objective.percentile),
      samples_needed(result.objective.percentile.percentile),
      net::format_duration(options.duration.value_or(kDefaultDuration)),
      net::format_duration(std::chrono::seconds(std::llround(std::ceil(needed_s)))));
}

void end_late_search(RateSearchResult& result) {
  result.reason = fmt::format(
      "every probe was late, down to {}: the generator cannot keep a schedule on this machine as it is now; stop other "
      "programs, or give it a CPU of its own (--cpus)",
      os::format_rate(result.runs.back().plan.rate_per_s.value_or(0)));
}

// nullopt ends the search; `result` then says why and keeps earlier probes.
std::optional<Outcome> run_probe(const LoadOptions& options, const std::string& which, const Runner& run,
                                 RateSearchResult& result) {
  try {
    Outcome outcome = run(options, which);
    result.interrupted = outcome.result.interrupted;
    result.reason = outcome.result.unreachable;  // the server has died, which says nothing about a rate
    if (!result.interrupted && result.reason.empty()) {
      return outcome;
    }
  } catch (const std::exception& error) {
    result.reason = os::printable(error.what());
  }
  return std::nullopt;
}

void search(const LoadOptions& options, const Runner& run, const ExperimentOutput& output, RateSearchResult& result) {
  print(output, probe_heading());
  const double ceiling = result.ceiling->result.requests_per_s();
  const double lowest = lowest_rate(options, result.objective);
  const RateSearch plan{.start_per_s = std::max(kStartShare * ceiling, lowest),
                        .lowest_per_s = lowest,
                        .highest_per_s = kHighestAsked,
                        .precision = options.find_precision};
  int late_probes = 0;  // from the first one on, while none was in time: they go to ever lower rates
  const RateProbe probe = [&](double rate, ProbePhase phase) -> std::optional<ProbeAnswer> {
    if (late_probes == kMaxLateProbes) {
      end_late_search(result);
      return std::nullopt;
    }
    const std::string which =
        fmt::format("{} at {}, probe {}", phase_name(phase), os::format_rate(rate), result.runs.size() + 1);
    std::optional<Outcome> outcome =
        run_probe(probe_options(options, result.objective, rate, phase), which, run, result);
    if (!outcome) {
      return std::nullopt;
    }
    const ObjectiveCheck check = check_objective(result.objective, *outcome);
    print(output, probe_row({rate, phase, check.met, check.reason}, *outcome));
    result.runs.push_back(*std::move(outcome));
    if (check.met || !result.runs.back().verdict.late) {
      late_probes = kNeverAgain;
    }
    ++late_probes;
    return ProbeAnswer{check.met, check.reason};
  };
  result.found = find_highest_rate(plan, probe);
  if (result.found.cut_short) {
    result.reason = result.interrupted ? "interrupted after " + os::plural(result.runs.size(), "probe") : result.reason;
    if (result.interrupted || result.found.bound.empty()) {
      result.found.bound = result.reason;
    }
  } else if (!result.found.rate_per_s) {
    result.reason = why_no_lower_rate(options, result, ceiling);
  }
  std::vector<const Outcome*> outcomes;
  for (const Outcome& outcome : result.runs) {
    outcomes.push_back(&outcome);
  }
  print(output, outcome_notes(outcomes) + rate_search_text(result));
}

// An assertion is about every point. Without one a sweep is done if one point is valid.
os::ExitCode judge_sweep(const LoadOptions& options, const SweepResult& result) {
  os::ExitCode code = os::ExitCode::kPassed;
  bool any_good = false;
  for (const SweptPoint& point : result.points) {
    const os::ExitCode of_point = point.outcome
                                      ? judge(point.outcome->plan, point.outcome->result, point.outcome->verdict)
                                      : os::ExitCode::kFailed;
    code = worse_of(code, of_point);
    any_good |= of_point != os::ExitCode::kFailed;
  }
  if (!any_good) {
    return os::ExitCode::kFailed;
  }
  return options.assertions.empty() ? os::ExitCode::kPassed : code;
}

// The objective is missed if valid runs did not meet it. A search without a valid run says nothing about it.
os::ExitCode judge_search(const RateSearchResult& result) {
  if (result.found.rate_per_s) {
    return os::ExitCode::kPassed;
  }
  return !result.found.cut_short && std::any_of(result.runs.begin(), result.runs.end(), is_good)
             ? os::ExitCode::kRegression
             : os::ExitCode::kFailed;
}

}  // namespace

LoadOptions closed_loop(LoadOptions options) {
  options.rate_per_s.reset();
  options.ramp.reset();
  options.arrival.reset();
  options.think_time = Nanoseconds(0);
  options.requests_per_connection = options.requests_per_connection.value_or(0);
  return options;
}

os::ExitCode run_sweep(const LoadOptions& options, const Runner& run, const ExperimentOutput& output) {
  SweepResult result{.started_at = std::chrono::system_clock::now(), .sweep = parse_sweep(options)};
  if (result.sweep.automatic_rates) {
    result.ceiling = run(closed_loop(options), kCeilingRun);
    result.interrupted = result.ceiling->result.interrupted;
    if (show_ceiling(*result.ceiling, output) && !result.interrupted) {
      result.sweep.points = rates_up_to(result.ceiling->result.requests_per_s(), options);
    }
  }
  if (!result.sweep.points.empty()) {
    run_points(result, run, output);
  }
  write_json(output, sweep_json(result));
  return result.interrupted ? os::ExitCode::kInterrupted : judge_sweep(options, result);
}

os::ExitCode run_rate_search(const LoadOptions& options, const Runner& run, const ExperimentOutput& output) {
  check_search(options);
  RateSearchResult result{.started_at = std::chrono::system_clock::now(),
                          .objective = parse_objective(*options.find_rate),
                          .precision = options.find_precision};
  make_plan(probe_options(options, result.objective, 1, ProbePhase::kConfirmation));
  result.ceiling = run(closed_loop(options), kCeilingRun);
  result.interrupted = result.ceiling->result.interrupted;
  if (show_ceiling(*result.ceiling, output) && !result.interrupted) {
    search(options, run, output, result);
  } else if (result.interrupted) {
    result.found.bound = result.reason = "interrupted in the closed loop, before the first probe";
  } else {
    result.found.bound = "the closed loop gave no ceiling to start from";
    result.reason = fmt::format("{}: {}", result.found.bound, result.ceiling->verdict.reasons.front().text);
  }
  if (output.text == nullptr && !result.interrupted && !result.reason.empty()) {  // else the text has said it
    os::print_error("fanin-load", fmt::format("the search ended after {}: {}", os::plural(result.runs.size(), "probe"),
                                              result.reason));
  }
  write_json(output, rate_search_json(result));
  return result.interrupted ? os::ExitCode::kInterrupted : judge_search(result);
}

}  // namespace fanin::load
