#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/claims/claim_verdict.h"
#include "harness/verdict/verdict.h"

namespace fanin::harness {

// A value of the quantity for people: "1,000", "0.25".
std::string format_flip_value(double value);

// A value that was tried.
struct FlipPoint {
  double value = 0;
  ClaimVerdict verdict = ClaimVerdict::kUndecided;
  std::optional<RatioEstimate> ratio;
  std::string reason = {};  // of an invalid or unsupported one
};

struct FlipResult {
  std::optional<double> low;   // the last value that was decided as the smaller end; nothing: there is no flip
  std::optional<double> high;  // the first value that was decided as the larger end
  std::optional<double> estimate;
  std::string reason;  // why there is no flip, or why the bounds are not closer; may be empty
};

// Searches for the value of a quantity at which a comparison crosses its threshold: both ends first, then bisection in
// the geometric middle, from 0 in the arithmetic one, until high / low is at most 1 + precision. Points that stay
// undecided lie near the flip: the search then narrows the ranges below and above them. Assumes one crossing. Pure.
class FlipSearch {
 public:
  // `whole`: whole numbers only.
  FlipSearch(double from, double to, double precision, bool whole)
      : from_(from), to_(to), precision_(precision), whole_(whole) {}

  // The value to try next; nothing: the search is over.
  std::optional<double> next() const;
  void add(FlipPoint point);
  const std::vector<FlipPoint>& points() const noexcept { return points_; }  // in ascending order of values
  FlipResult result(double threshold) const;

 private:
  struct Bracket {
    const FlipPoint* low;
    const FlipPoint* high;
    const FlipPoint* first_undecided = nullptr;
    const FlipPoint* last_undecided = nullptr;
  };

  const FlipPoint* find(double value) const;
  std::optional<Bracket> find_bracket() const;
  std::optional<double> find_middle(double low, double high) const;
  std::string explain() const;

  double from_;
  double to_;
  double precision_;
  bool whole_;
  std::vector<FlipPoint> points_;
};

}  // namespace fanin::harness
