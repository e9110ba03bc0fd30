#include "harness/claims/case_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "os/format.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

TrackedMetric make_tracked(const ClaimCase& of_case) {
  const double threshold = of_case.threshold.value;
  return {of_case.metric, 0, of_case.base ? std::log(threshold) : threshold};
}

// Units after which a case that does not work is left, and after which it is given up.
constexpr std::size_t kPatience = 3;
constexpr std::size_t kLongPatience = 8;

}  // namespace

CaseRun::CaseRun(const ClaimCase& of_case, const statistics::SequentialPlan& plan)
    : case_(&of_case), plan_(plan), track_(of_case.id, make_tracked(of_case), plan), interleaved_(of_case.calls) {}

bool CaseRun::counts(const ArmRecord& arm) const {
  return arm.status == "ok" || (arm.status == "invalid" && case_->accept_invalid);
}

std::optional<double> CaseRun::find_value(const ArmRecord& arm) const {
  return counts(arm) ? arm.find(case_->metric) : std::nullopt;
}

void CaseRun::add(UnitRecord unit) {
  interleaved_ = unit.interleaved;
  if (!case_->base) {
    if (const auto value = find_value(unit.arms.front())) {
      track_.add_value(*value);
    }
  } else {
    constexpr std::size_t kControl = 2;
    track_.add({find_value(unit.arms[0]), find_value(unit.arms[1]), find_value(unit.arms[kControl])});
  }
  units_.push_back(std::move(unit));
}

bool CaseRun::finished() const {
  return is_excluded() || track_.decided() || units_.size() >= plan_.looks.back() ||
         (units_.size() >= kLongPatience && find_fault());
}

bool CaseRun::looked() const {
  return finished() || track_.differences().size() >= plan_.looks.front() ||
         (units_.size() >= kPatience && find_fault());
}

// A case without a value in most of its units has none. The reason is that of the first arm that lacks it.
std::optional<CaseResult> CaseRun::find_fault() const {
  if (units_.empty() || 2 * track_.differences().size() > units_.size()) {
    return std::nullopt;
  }
  CaseResult result{.verdict = ClaimVerdict::kInvalid};
  const std::string count = fmt::format("only {} of {} units count: ", track_.differences().size(), units_.size());
  const std::string prefix = track_.differences().empty() ? "" : count;
  for (const UnitRecord& unit : units_) {
    for (std::size_t arm = 0; arm < unit.arms.size(); ++arm) {
      const ArmRecord& record = unit.arms[arm];
      if (find_value(record)) {
        continue;
      }
      result.verdict = record.status == "unsupported" ? ClaimVerdict::kUnsupported : ClaimVerdict::kInvalid;
      const std::string& label = arm == new_arm() ? case_->now.label : case_->base->label;
      const std::string why = record.status == "ok" ? fmt::format("a round lacks {}", case_->metric) : record.reason;
      result.reason = fmt::format("{}{}: {}", prefix, label, why);
      return result;
    }
  }
  result.reason = fmt::format("{}{} is 0 on a side: no ratio can be taken", prefix, case_->metric);
  return result;
}

void CaseRun::judge(CaseResult& result) const {
  const statistics::SequentialState state = track_.state(true);
  result.units = state.units;
  result.now = statistics::median(track_.now());
  const auto& interval = state.shift.interval;
  if (!case_->base) {
    result.value = state.shift;
    result.verdict = judge_interval(interval, case_->threshold);
    if (interval && case_->threshold.value > 0) {
      result.smallest_effect = track_.smallest_effect(state) / case_->threshold.value;
    }
    return;
  }
  result.base = statistics::median(track_.base());
  result.ratio = to_ratio(state.shift);
  result.verdict = judge_interval(result.ratio->interval, case_->threshold);
  if (interval) {
    result.smallest_effect = std::expm1(track_.smallest_effect(state));
  }
  if (const auto control = track_.control()) {
    result.control = to_ratio(*control);
    if (control_fails(control->interval, state.shift, result.verdict, case_->threshold)) {
      result.verdict = ClaimVerdict::kInvalid;
      result.reason = fmt::format("the control, a second copy of base, differs from base: ratio {}",
                                  os::format_digits(result.control->ratio));
    }
  }
}

CaseResult CaseRun::result() const {
  if (is_excluded()) {
    return {.verdict = ClaimVerdict::kUnsupported, .reason = unsupported_};
  }
  if (units_.empty()) {
    return {.reason = "not measured yet"};
  }
  if (const auto fault = find_fault()) {
    return *fault;
  }
  CaseResult result;
  judge(result);
  if (result.verdict == ClaimVerdict::kUndecided) {
    const bool has_interval = result.ratio ? result.ratio->interval.has_value() : result.value->interval.has_value();
    result.reason =
        has_interval
            ? fmt::format("the interval of {} includes the threshold", os::plural(result.units, "unit"))
            : fmt::format("{} {} too few", os::plural(units_.size(), "unit"), units_.size() == 1 ? "is" : "are");
  }
  return result;
}

std::optional<double> CaseRun::median(std::size_t arm, const std::string& metric) const {
  std::vector<double> values;
  for (const UnitRecord& unit : units_) {
    const ArmRecord& record = unit.arms[arm];
    if (const auto value = record.find(metric); value && counts(record)) {
      values.push_back(*value);
    }
  }
  return values.empty() ? std::nullopt : std::optional(statistics::median(values));
}

}  // namespace fanin::harness
