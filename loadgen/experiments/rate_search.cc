#include "loadgen/experiments/rate_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "loadgen/plan/option_table.h"
#include "loadgen/records/clock.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::load {
namespace {

constexpr std::string_view kObjectiveSyntax = "give one such as p99<2ms or p99.9<=500us,errors<0.1%";

struct Comparison {
  std::string_view name;
  bool included;
  std::string_view bound;
};

Comparison parse_comparison(std::string_view part, const std::string& whole) {
  const auto sign = part.find('<');
  if (sign == std::string_view::npos) {
    refuse(fmt::format("--find-rate {}: '{}' has no '<': {}", whole, part, kObjectiveSyntax));
  }
  const bool included = part.substr(sign + 1).starts_with('=');
  return {part.substr(0, sign), included, part.substr(sign + (included ? 2 : 1))};
}

double parse_percentage(std::string_view text, const std::string& whole) {
  double percent = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc{} || rest != "%" || !(percent >= 0 && percent <= 100)) {
    refuse(fmt::format("--find-rate {}: '{}' is no share of errors such as 0.1%: {}", whole, text, kObjectiveSyntax));
  }
  return percent / 100;
}

Percentile parse_percentile(std::string_view name, const std::string& whole) {
  const auto found = std::find_if(kPercentiles.begin(), kPercentiles.end(),
                                  [&](const Percentile& percentile) { return percentile.label == name; });
  if (found == kPercentiles.end()) {
    refuse(fmt::format("--find-rate {}: '{}' is not one of p50, p90, p95, p99, p99.9, p99.99 and errors: {}", whole,
                       name, kObjectiveSyntax));
  }
  return *found;
}

[[noreturn]] void refuse_bound(const Comparison& comparison, const std::string& whole) {
  refuse(fmt::format("--find-rate {}: {} cannot be so low: give a greater bound", whole, comparison.name));
}

bool below(double value, double bound, bool included) { return included ? value <= bound : value < bound; }

constexpr int kMaxHalvings = 10;
constexpr int kMaxRechecks = 3;
constexpr int kMaxConfirmations = 6;

// Four significant digits: finer than any precision, and readable.
double four_digits(double rate_per_s) {
  const double unit = std::pow(10, std::floor(std::log10(rate_per_s)) - 3);
  return std::round(rate_per_s / unit) * unit;
}

class Search {
 public:
  Search(const RateSearch& search, const RateProbe& probe) : search_(search), probe_(probe) {}

  RateFound run() {
    bracket();
    bisect();
    recheck_bound();
    confirm();
    return std::move(found_);
  }

 private:
  // One probe; false also if the search ends.
  bool meets(double rate, ProbePhase phase) {
    if (found_.cut_short) {
      return false;
    }
    const auto answer = probe_(rate, phase);
    if (!answer) {
      found_.cut_short = true;
      return false;
    }
    found_.probes.push_back({rate, phase, answer->met, answer->reason});
    if (!answer->met) {
      found_.bound = answer->reason;
    }
    return answer->met;
  }

  // Keeps the bounds of the bracket up to date.
  bool probe_twice(double rate, ProbePhase phase) {
    const std::string bound_before = found_.bound;
    const bool met = meets(rate, phase) || meets(rate, phase);
    if (met) {
      met_ = rate;
      found_.bound = bound_before;  // a first attempt that failed bounds nothing
    } else {
      failed_ = rate;
    }
    return met;
  }

  void bracket() {
    double rate = four_digits(std::min(search_.start_per_s, search_.highest_per_s));
    if (probe_twice(rate, ProbePhase::kDoubling)) {
      climb(rate);
      return;
    }
    for (int i = 0; i < kMaxHalvings && rate / 2 >= search_.lowest_per_s && !found_.cut_short; ++i) {
      rate = four_digits(rate / 2);
      if (probe_twice(rate, ProbePhase::kHalving)) {
        return;
      }
    }
  }

  void climb(double rate) {
    while (rate < search_.highest_per_s) {
      rate = std::min(2 * rate, search_.highest_per_s);
      if (!probe_twice(rate, ProbePhase::kDoubling)) {
        return;
      }
    }
    found_.bound = "the highest possible rate";
  }

  // A rate may have failed in a bad moment of the machine if every lower probe passed. It is probed again; if it passes
  // now, the search goes on above it.
  void recheck_bound() {
    for (int i = 0; i < kMaxRechecks && met_ && failed_ && !bisection_failed_; ++i) {
      const double rechecked = *failed_;
      if (!probe_twice(rechecked, ProbePhase::kDoubling)) {
        return;
      }
      failed_.reset();
      climb(rechecked);
      bisection_failed_ = false;
      bisect();
    }
  }

  void bisect() {
    while (met_ && failed_ && *failed_ > *met_ * (1 + search_.precision) && !found_.cut_short) {
      const double middle = four_digits(std::sqrt(*met_ * *failed_));
      if (middle <= *met_ || middle >= *failed_) {
        return;
      }
      bisection_failed_ |= !probe_twice(middle, ProbePhase::kBisection);
    }
  }

  void confirm() {
    double step = search_.precision;
    for (int i = 0; i < kMaxConfirmations && met_ && !found_.cut_short; ++i, step *= 2) {
      if (meets(*met_, ProbePhase::kConfirmation)) {
        found_.rate_per_s = met_;
        return;
      }
      met_ = four_digits(*met_ * (1 - std::min(step, 0.5)));
    }
  }

  const RateSearch& search_;
  const RateProbe& probe_;
  RateFound found_;
  std::optional<double> met_;     // the highest rate that met the objective
  std::optional<double> failed_;  // the lowest one above that failed
  bool bisection_failed_ = false;
};

}  // namespace

Objective parse_objective(const std::string& text) {
  Objective objective{.text = text};
  bool has_percentile = false;
  std::string_view rest = text;
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    const Comparison comparison = parse_comparison(rest.substr(0, comma), text);
    if (comparison.name == "errors") {
      objective.errors_share = parse_percentage(comparison.bound, text);
      objective.errors_included = comparison.included;
      if (objective.errors_share <= 0 && !comparison.included) {
        refuse_bound(comparison, text);
      }
      if (objective.errors_share > kFailedInvalid) {
        refuse(fmt::format(
            "--find-rate {0}: a run with more than {1:g} % failed requests is invalid: ask for errors<={1:g}%", text,
            kFailedInvalid * 100));
      }
    } else if (!has_percentile) {
      objective.percentile = parse_percentile(comparison.name, text);
      objective.limit = os::parse_duration_of("--find-rate", comparison.bound);
      objective.limit_included = comparison.included;
      if (objective.limit <= Nanoseconds(0)) {
        refuse_bound(comparison, text);
      }
      has_percentile = true;
    } else {
      refuse(fmt::format("--find-rate {} bounds two percentiles: give one", text));
    }
    more = comma != std::string_view::npos;
    rest.remove_prefix(more ? comma + 1 : rest.size());
  }
  if (!has_percentile) {
    refuse(fmt::format("--find-rate {} bounds no percentile: {}", text, kObjectiveSyntax));
  }
  return objective;
}

double samples_needed(const Objective& objective) { return 10 * 10'000.0 / (10'000 - objective.percentile.per_10000); }

ObjectiveCheck check_objective(const Objective& objective, const Outcome& outcome) {
  const LoadResult& result = outcome.result;
  if (outcome.verdict.status == Status::kInvalid) {
    return {false, fmt::format("the run is invalid: {}", outcome.verdict.reasons.front().text)};
  }
  const std::uint64_t bad = result.failed + result.unanswered;
  const double errors = static_cast<double>(bad) / static_cast<double>(std::max<std::uint64_t>(result.sent, 1));
  const std::string_view label = objective.percentile.label;
  const PercentileValue value = result.response.percentile(objective.percentile.per_10000);
  switch (value.kind) {
    case PercentileValue::Kind::kTooFew:
      return {false, fmt::format("{} {} too few for {}, which needs {:.0f}: give a longer --duration",
                                 os::plural(result.sent, "request"), result.sent == 1 ? "is" : "are", label,
                                 samples_needed(objective))};
    case PercentileValue::Kind::kUncompleted:
      return {false,
              fmt::format("{:.3g} % of the requests failed or were not answered, {} among them", errors * 100, label)};
    case PercentileValue::Kind::kFinite:
      break;
  }
  if (!below(static_cast<double>(value.value.count()), static_cast<double>(objective.limit.count()),
             objective.limit_included)) {
    return {false, fmt::format("{} was {}", label, os::format_time(value.value))};
  }
  if (objective.errors_share && !below(errors, *objective.errors_share, objective.errors_included)) {
    return {false, fmt::format("{:.3g} % of the requests failed or were not answered", errors * 100)};
  }
  return {true, fmt::format("{} was {}", label, os::format_time(value.value))};
}

std::string_view phase_name(ProbePhase phase) noexcept {
  switch (phase) {
    case ProbePhase::kDoubling:
      return "doubling";
    case ProbePhase::kHalving:
      return "halving";
    case ProbePhase::kBisection:
      return "bisection";
    case ProbePhase::kConfirmation:
      break;
  }
  return "confirmation";
}

RateFound find_highest_rate(const RateSearch& search, const RateProbe& probe) { return Search(search, probe).run(); }

}  // namespace fanin::load
