#include "loadgen/plan/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "loadgen/plan/option_table.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::load {
namespace {

using Figure = Condition::Figure;

constexpr std::string_view kConditionSyntax = "give one such as p99<2ms, errors<0.1% or rate>50k";

struct NamedFigure {
  std::string_view name;
  Figure figure;
};
// A figure's first name is the one that results have. The summary calls the rate of replies throughput.
constexpr std::array<NamedFigure, 5> kFigures{{{"max", Figure::kMax},
                                               {"mean", Figure::kMean},
                                               {"errors", Figure::kErrors},
                                               {"rate", Figure::kRate},
                                               {"throughput", Figure::kRate}}};

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// Reads one condition. One object per condition.
class ConditionParser {
 public:
  ConditionParser(std::string_view option, const std::string& whole) : option_(option), whole_(whole) {}

  Condition parse(std::string_view part) const {
    const auto sign = part.find_first_of("<>");
    if (sign == std::string_view::npos) {
      fail(fmt::format("'{}' has no '<' or '>': {}", part, kConditionSyntax));
    }
    Condition condition{.text = std::string(part), .is_upper = part[sign] == '<'};
    condition.included = part.substr(sign + 1).starts_with('=');
    set_figure(condition, without_blanks(part.substr(0, sign)));
    condition.bound = parse_bound(condition, without_blanks(part.substr(sign + (condition.included ? 2 : 1))));
    refuse_impossible(condition);
    return condition;
  }

 private:
  [[noreturn]] void fail(const std::string& text) const { refuse(fmt::format("{} {}: {}", option_, whole_, text)); }

  void set_figure(Condition& condition, std::string_view name) const {
    const auto percentile = std::find_if(kPercentiles.begin(), kPercentiles.end(),
                                         [&](const Percentile& each) { return each.label == name; });
    const auto figure =
        std::find_if(kFigures.begin(), kFigures.end(), [&](const NamedFigure& each) { return each.name == name; });
    if (percentile != kPercentiles.end()) {
      condition.percentile = *percentile;
    } else if (figure != kFigures.end()) {
      condition.figure = figure->figure;
    } else {
      fail(fmt::format(
          "'{}' is not one of p50, p90, p95, p99, p99.9, p99.99, max, mean, errors, rate and throughput: {}", name,
          kConditionSyntax));
    }
  }

  double parse_bound(const Condition& condition, std::string_view text) const {
    switch (condition.figure) {
      case Figure::kErrors:
        return parse_share(text);
      case Figure::kRate:
        return parse_rate(text);
      default:
        return static_cast<double>(os::parse_duration_of(option_, text).count());
    }
  }

  double parse_share(std::string_view text) const {
    double percent = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
    const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (error != std::errc{} || rest != "%" || !(percent >= 0 && percent <= 100)) {
      fail(fmt::format("'{}' is no share of errors such as 0.1%: {}", text, kConditionSyntax));
    }
    return percent / 100;
  }

  double parse_rate(std::string_view text) const {
    const auto rate = os::parse_number(text);
    if (!rate) {
      fail(fmt::format("'{}' is no rate such as 50k: {}", text, kConditionSyntax));
    }
    return *rate;
  }

  // A time is above 0, a share is from 0 to 1.
  void refuse_impossible(const Condition& condition) const {
    const bool is_share = condition.figure == Figure::kErrors;
    const bool zero_counts = condition.included && (is_share || condition.figure == Figure::kRate);
    if (condition.is_upper && (zero_counts ? condition.bound < 0 : condition.bound <= 0)) {
      fail(fmt::format("{} cannot be so low: give a greater bound", figure_name(condition)));
    }
    if (!condition.is_upper && is_share && (condition.included ? condition.bound > 1 : condition.bound >= 1)) {
      fail(fmt::format("{} cannot be so high: give a lower bound", figure_name(condition)));
    }
  }

  std::string_view option_;
  const std::string& whole_;
};

}  // namespace

bool Condition::holds(double value) const noexcept {
  return (included && value == bound) || (is_upper ? value < bound : value > bound);
}

std::string_view figure_name(const Condition& condition) noexcept {
  const auto named = std::find_if(kFigures.begin(), kFigures.end(),
                                  [&](const NamedFigure& each) { return each.figure == condition.figure; });
  return named == kFigures.end() ? condition.percentile.label : named->name;
}

std::string_view figure_unit(const Condition& condition) noexcept {
  switch (condition.figure) {
    case Figure::kErrors:
      return "share";
    case Figure::kRate:
      return "1/s";
    default:
      return "ns";
  }
}

std::vector<Condition> parse_conditions(std::string_view option, const std::string& text) {
  const ConditionParser parser(option, text);
  std::vector<Condition> conditions;
  std::string_view rest = text;
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    conditions.push_back(parser.parse(without_blanks(rest.substr(0, comma))));
    more = comma != std::string_view::npos;
    rest.remove_prefix(more ? comma + 1 : rest.size());
  }
  return conditions;
}

}  // namespace fanin::load
