#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/experiments/experiment.h"
#include "loadgen/plan/condition.h"

namespace fanin::load {

// The objective of a rate search: a bound on a percentile of the response time, and maybe one on the share of requests
// that fail or are not answered.
struct Objective {
  std::string text;        // as given
  Condition percentile{};  // an upper bound, as the next one
  std::optional<Condition> errors = {};
};

// Reads "p99<2ms", "p99.9<=500us,errors<0.1%". Throws std::invalid_argument.
Objective parse_objective(const std::string& text);

struct ObjectiveCheck {
  bool met = false;
  std::string reason;  // the figure that decided it
};

// A run that is invalid, its percentile included that has too few samples, does not meet any objective.
ObjectiveCheck check_objective(const Objective& objective, const Outcome& outcome);

enum class ProbePhase { kDoubling, kHalving, kBisection, kConfirmation };
std::string_view phase_name(ProbePhase phase) noexcept;

struct RateSearch {
  double start_per_s = 0;   // where the search begins; above 0
  double lowest_per_s = 0;  // beyond these it does not go
  double highest_per_s = 0;
  double precision = 0.02;  // of the rate found: the lowest rate that failed is at most this share above it
};

struct Probe {
  double rate_per_s = 0;
  ProbePhase phase = ProbePhase::kDoubling;
  bool met = false;
  std::string reason;
};

struct RateFound {
  std::optional<double> rate_per_s;  // the highest that met the objective and was confirmed; none if there is no such
  std::string bound;                 // what kept it from being higher
  bool cut_short = false;            // a probe gave no answer
  std::vector<Probe> probes;         // all of them, in their order
};

// Whether a rate meets the objective, and the figure that decided it; nothing if there is to be an end.
struct ProbeAnswer {
  bool met = false;
  std::string reason;
};
using RateProbe = std::function<std::optional<ProbeAnswer>(double rate_per_s, ProbePhase phase)>;

// Finds the highest rate that meets an objective which gets harder with the rate: doubling from the start until a rate
// fails (or halving until one does not), then bisection on the logarithm of the rate. A rate has failed when it failed
// twice in a row, so that one stall of the machine does not decide the search; one that alone bounds it from above is
// asked again at the end. The rate found is probed once more as
// confirmation, and where that fails, lower ones in steps that double. Pure.
RateFound find_highest_rate(const RateSearch& search, const RateProbe& probe);

}  // namespace fanin::load
