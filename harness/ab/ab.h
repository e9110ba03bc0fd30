#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/suite/plan.h"
#include "harness/verdict/verdict.h"
#include "net/clock.h"
#include "statistics/sequential.h"

namespace fanin::harness {

struct AbOptions {
  std::string base;  // sides, see harness/ab/side.h
  std::string now;
  std::string suite;  // a shipped suite's name or a path; empty: "ab", and "count" if instructions are counted
  Globs only;         // as for make_cells()
  net::Nanoseconds budget = std::chrono::seconds(60);
  std::vector<std::string> metrics;  // empty: those that a cell is about
  std::vector<std::string> bands;    // "1%", or "METRIC=1%"
  std::optional<std::uint64_t> seed;
  bool strict = false;
  bool bisect = false;    // exit codes for `git bisect run`
  std::string json_path;  // empty: none
  std::string load_binary;
  std::string kernel;  // on which instructions are counted; empty: the newest that is cached
};

// A metric that is followed in a session, with the change that does not matter, or the threshold of a claim.
struct TrackedMetric {
  std::string name;
  double band = 0;    // share, around `centre`
  double centre = 0;  // a log ratio; of values without a base: a value
};

// The metrics of a cell and their bands: those of the options, or what the cell is about.
std::vector<TrackedMetric> choose_metrics(const Cell& cell, const AbOptions& options);

// How a session divides its budget: units of three arms (base, new, and a fresh copy of base as control).
struct SessionPlan {
  net::Nanoseconds window{};  // in which each arm is driven
  net::Nanoseconds warmup{};  // before it
  std::size_t max_units = 0;  // of a cell
};

SessionPlan plan_session(net::Nanoseconds budget, std::size_t cells);

// What the arms of one unit gave for one metric; nothing: a round was not ok or lacks it.
struct UnitValues {
  std::optional<double> base;
  std::optional<double> now;
  std::optional<double> control;
};

// One metric of one cell while the session goes on. No I/O; one thread.
class MetricTrack {
 public:
  MetricTrack(std::string cell, const TrackedMetric& metric, const statistics::SequentialPlan& plan);

  void add(const UnitValues& values);
  // A unit of a metric that is compared with a threshold by itself. No other unit of the track has a base then.
  void add_value(double value);
  // Whether a planned look has decided it.
  bool decided() const { return state(false).decision != statistics::Decision::kUndecided; }
  const std::string& metric() const noexcept { return metric_.name; }
  // The verdict after the last unit, which counts as a look.
  MetricVerdict verdict() const;

  // The comparison with the band; `complete`: the last unit counts as a look.
  statistics::SequentialState state(bool complete) const;
  // The smallest log ratio, or value, that sessions like this find to be beyond the band in 9 of 10 cases. `state` must
  // have an interval.
  double smallest_effect(const statistics::SequentialState& state) const;
  const std::vector<double>& base() const noexcept { return base_; }
  const std::vector<double>& now() const noexcept { return now_; }
  // Log ratios, or values, one for each unit.
  const std::vector<double>& differences() const noexcept { return differences_; }
  const std::vector<double>& controls() const noexcept { return controls_; }
  // The shift from base to its copy; nothing without a unit.
  std::optional<statistics::Shift> control() const;

 private:
  std::string cell_;
  TrackedMetric metric_;
  statistics::SequentialPlan plan_;
  std::vector<double> base_;
  std::vector<double> now_;
  std::vector<double> differences_;  // log ratios, or values
  std::vector<double> controls_;     // log ratios
};

// `fanin ab`: measures two sides and a control interleaved until every cell is decided or the budget is spent. Prints
// the verdicts. Returns the exit code. Throws std::invalid_argument for errors of the user.
int run_ab(const AbOptions& options);

}  // namespace fanin::harness
