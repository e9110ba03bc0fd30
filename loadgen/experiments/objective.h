#pragma once

#include <optional>
#include <string>

#include "loadgen/experiments/experiment.h"
#include "loadgen/records/histogram.h"

namespace fanin::load {

// What a rate is to be found for: a bound on a percentile of the response time, and maybe one on the share of requests
// that fail or are not answered.
struct Objective {
  std::string text;  // as given
  Percentile percentile{};
  Nanoseconds limit{0};
  bool limit_included = false;              // <= and not <
  std::optional<double> errors_share = {};  // of the requests sent
  bool errors_included = false;
};

// Reads "p99<2ms", "p99.9<=500us,errors<0.1%". Throws std::invalid_argument.
Objective parse_objective(const std::string& text);

// Requests that a run must have for its percentile to count.
double samples_needed(const Objective& objective);

struct ObjectiveCheck {
  bool met = false;
  std::string reason;  // the figure that decided it
};

// A run that is invalid, its percentile included that has too few samples, does not meet any objective.
ObjectiveCheck check_objective(const Objective& objective, const Outcome& outcome);

}  // namespace fanin::load
