#include "loadgen/experiments/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "loadgen/plan/option_table.h"
#include "net/duration.h"
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
      objective.limit = parse_duration_of("--find-rate", comparison.bound);
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
                                 plural(result.sent, "request"), result.sent == 1 ? "is" : "are", label,
                                 samples_needed(objective))};
    case PercentileValue::Kind::kUncompleted:
      return {false,
              fmt::format("{:.3g} % of the requests failed or were not answered, {} among them", errors * 100, label)};
    case PercentileValue::Kind::kFinite:
      break;
  }
  if (!below(static_cast<double>(value.value.count()), static_cast<double>(objective.limit.count()),
             objective.limit_included)) {
    return {false, fmt::format("{} was {}", label, format_time(value.value))};
  }
  if (objective.errors_share && !below(errors, *objective.errors_share, objective.errors_included)) {
    return {false, fmt::format("{:.3g} % of the requests failed or were not answered", errors * 100)};
  }
  return {true, fmt::format("{} was {}", label, format_time(value.value))};
}

}  // namespace fanin::load
