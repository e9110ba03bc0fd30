#include "harness/claims/claim_verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr double kLargestBias = 0.05;  // of the control

std::vector<const NamedVerdict*> select(const std::vector<NamedVerdict>& parts, ClaimVerdict verdict) {
  std::vector<const NamedVerdict*> selected;
  for (const NamedVerdict& part : parts) {
    if (part.verdict == verdict) {
      selected.push_back(&part);
    }
  }
  return selected;
}

// At most three names.
std::string list_names(const std::vector<const NamedVerdict*>& parts, std::string_view noun) {
  constexpr std::size_t kMost = 3;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(parts.size(), kMost); ++i) {
    const std::string& name = parts[i]->name;
    names.push_back(name.find(", ") == std::string::npos ? name : fmt::format("'{}'", name));
  }
  const std::string listed = fmt::format("{}", fmt::join(names, ", "));
  return parts.size() <= kMost
             ? listed
             : fmt::format("{} and {}", listed, os::plural(parts.size() - kMost, fmt::format("further {}", noun)));
}

}  // namespace

std::string_view claim_verdict_name(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::kConfirmed:
      return "confirmed";
    case ClaimVerdict::kRefuted:
      return "refuted";
    case ClaimVerdict::kContested:
      return "contested";
    case ClaimVerdict::kUndecided:
      return "undecided";
    case ClaimVerdict::kUnsupported:
      return "unsupported";
    case ClaimVerdict::kInvalid:
      break;
  }
  return "invalid";
}

ClaimVerdict judge_interval(const std::optional<statistics::Interval>& interval, const Threshold& threshold) {
  if (!interval) {
    return ClaimVerdict::kUndecided;
  }
  const bool at_least = threshold.at_least;
  const double nearest = at_least ? interval->low : interval->high;
  const double farthest = at_least ? interval->high : interval->low;
  const auto holds = [&](double value) { return at_least ? value >= threshold.value : value <= threshold.value; };
  return holds(nearest)    ? ClaimVerdict::kConfirmed
         : holds(farthest) ? ClaimVerdict::kUndecided
                           : ClaimVerdict::kRefuted;
}

bool control_fails(const std::optional<statistics::Interval>& log_control, const statistics::Shift& log_ratio,
                   ClaimVerdict verdict, const Threshold& threshold) {
  if (!log_control) {
    return false;
  }
  const auto& interval = log_ratio.interval;
  const double half_width = interval ? (interval->high - interval->low) / 2 : 0;
  const double of_ratio = std::max(std::log1p(kLargestBias), half_width);
  const double of_verdict = std::abs(log_ratio.estimate - std::log(threshold.value)) / 2;
  const double band = verdict == ClaimVerdict::kUndecided ? of_ratio : std::min(of_ratio, of_verdict);
  return log_control->low > band || log_control->high < -band;
}

ClaimVerdict combine(const std::vector<NamedVerdict>& parts) {
  const auto has = [&](ClaimVerdict verdict) { return !select(parts, verdict).empty(); };
  if ((has(ClaimVerdict::kConfirmed) && has(ClaimVerdict::kRefuted)) || has(ClaimVerdict::kContested)) {
    return ClaimVerdict::kContested;
  }
  for (const ClaimVerdict verdict :
       {ClaimVerdict::kInvalid, ClaimVerdict::kUndecided, ClaimVerdict::kConfirmed, ClaimVerdict::kRefuted}) {
    if (has(verdict)) {
      return verdict;
    }
  }
  return ClaimVerdict::kUnsupported;
}

std::string explain(const std::vector<NamedVerdict>& parts, std::string_view noun) {
  std::string text;
  for (const ClaimVerdict verdict : kClaimVerdicts) {
    const auto selected = select(parts, verdict);
    if (selected.empty()) {
      continue;
    }
    text += text.empty() ? "" : "; ";
    const bool decided = verdict == ClaimVerdict::kConfirmed || verdict == ClaimVerdict::kRefuted;
    const bool all = selected.size() == parts.size() && parts.size() > 1;
    const std::string which =
        all ? fmt::format("{} {}s", parts.size() == 2 ? "both" : fmt::format("all {}", parts.size()), noun)
            : list_names(selected, noun);
    text += fmt::format("{}{} {}", claim_verdict_name(verdict), decided ? " by" : ":", which);
    const std::string& reason = selected.front()->reason;
    text += decided || reason.empty() ? "" : fmt::format(" ({})", reason);
  }
  return text;
}

}  // namespace fanin::harness
