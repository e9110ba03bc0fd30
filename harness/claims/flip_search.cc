#include "harness/claims/flip_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr std::size_t kMostPoints = 24;  // a search from 0 over numbers that are not whole may have no end

bool is_decided(const FlipPoint& point) {
  return point.verdict == ClaimVerdict::kConfirmed || point.verdict == ClaimVerdict::kRefuted;
}

// Where the ratio is `threshold` on the line between two points: in logarithms, of the value too unless it is 0.
std::optional<double> interpolate(const FlipPoint& low, const FlipPoint& high, double threshold) {
  if (!low.ratio || !high.ratio || low.ratio->ratio <= 0 || high.ratio->ratio <= 0 || threshold <= 0) {
    return std::nullopt;
  }
  const double from = std::log(low.ratio->ratio);
  const double to = std::log(high.ratio->ratio);
  const double share = (std::log(threshold) - from) / (to - from);
  if (!(share >= 0 && share <= 1)) {
    return std::nullopt;
  }
  return low.value > 0 ? low.value * std::pow(high.value / low.value, share) : share * high.value;
}

}  // namespace

std::string format_flip_value(double value) {
  return value == std::floor(value) ? os::format_count(static_cast<std::uint64_t>(value)) : os::format_digits(value);
}

const FlipPoint* FlipSearch::find(double value) const {
  const auto found =
      std::find_if(points_.begin(), points_.end(), [value](const FlipPoint& point) { return point.value == value; });
  return found == points_.end() ? nullptr : &*found;
}

void FlipSearch::add(FlipPoint point) {
  const auto after =
      std::find_if(points_.begin(), points_.end(), [&](const FlipPoint& other) { return other.value > point.value; });
  points_.insert(after, std::move(point));
}

// The points up to which all agree with the first end, and from which on all agree with the last one. Those between
// them are undecided: near the threshold noise decides.
std::optional<FlipSearch::Bracket> FlipSearch::find_bracket() const {
  const FlipPoint* first = find(from_);
  const FlipPoint* last = find(to_);
  if (first == nullptr || last == nullptr || !is_decided(*first) || !is_decided(*last) ||
      first->verdict == last->verdict) {
    return std::nullopt;
  }
  const auto after_low = std::find_if_not(points_.begin(), points_.end(),
                                          [first](const FlipPoint& point) { return point.verdict == first->verdict; });
  const auto high = std::find_if_not(points_.rbegin(), points_.rend(), [last](const FlipPoint& point) {
                      return point.verdict == last->verdict;
                    }).base();
  Bracket bracket{&*std::prev(after_low), &*high};
  if (after_low != high) {
    bracket.first_undecided = &*after_low;
    bracket.last_undecided = &*std::prev(high);
  }
  return bracket;
}

// Nothing if the two are close enough.
std::optional<double> FlipSearch::find_middle(double low, double high) const {
  if (low > 0 && high <= low * (1 + precision_)) {
    return std::nullopt;
  }
  double middle = low > 0 ? std::sqrt(low * high) : high / 2;
  if (whole_ && high - low >= 2) {
    middle = std::clamp(std::round(middle), low + 1, high - 1);
  } else if (whole_) {
    return std::nullopt;
  }
  return middle > low && middle < high ? std::optional(middle) : std::nullopt;
}

std::optional<double> FlipSearch::next() const {
  for (const double end : {from_, to_}) {
    if (find(end) == nullptr) {
      return points_.empty() || is_decided(points_.front()) ? std::optional(end) : std::nullopt;
    }
  }
  const auto bracket = find_bracket();
  if (!bracket || points_.size() >= kMostPoints) {
    return std::nullopt;
  }
  if (bracket->first_undecided == nullptr) {
    return find_middle(bracket->low->value, bracket->high->value);
  }
  const auto below = find_middle(bracket->low->value, bracket->first_undecided->value);
  return below ? below : find_middle(bracket->last_undecided->value, bracket->high->value);
}

std::string FlipSearch::explain() const {
  for (const FlipPoint& point : points_) {
    if (!is_decided(point)) {
      return fmt::format("{} at {}{}", claim_verdict_name(point.verdict), format_flip_value(point.value),
                         point.reason.empty() ? "" : ": " + point.reason);
    }
  }
  if (find(from_) == nullptr || find(to_) == nullptr) {
    return "not measured yet";
  }
  const bool holds = points_.front().verdict == ClaimVerdict::kConfirmed;
  return fmt::format("holds {} in {}..{}", holds ? "everywhere" : "nowhere", format_flip_value(from_),
                     format_flip_value(to_));
}

FlipResult FlipSearch::result(double threshold) const {
  const auto bracket = find_bracket();
  if (!bracket) {
    return {.reason = explain()};
  }
  FlipResult result{bracket->low->value, bracket->high->value, std::nullopt, ""};
  for (const FlipPoint* point = bracket->low; point != bracket->high && !result.estimate; ++point) {
    result.estimate = interpolate(*point, *(point + 1), threshold);
  }
  if (bracket->first_undecided != nullptr) {
    result.reason = fmt::format("undecided at {}", format_flip_value(bracket->first_undecided->value));
  } else if (next()) {
    result.reason = "the search is not finished";
  }
  return result;
}

}  // namespace fanin::harness
