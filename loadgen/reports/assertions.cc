#include "loadgen/reports/assertions.h"

#include <fmt/format.h>

#include <algorithm>

#include "os/format.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

using Figure = Condition::Figure;

ConditionCheck check_value(const Condition& condition, double value, std::string text) {
  return {condition.holds(value) ? Decision::kMet : Decision::kMissed, value, std::move(text)};
}

ConditionCheck check_time(const Condition& condition, double ns) {
  return check_value(condition, ns, os::format_time(Nanoseconds(static_cast<std::int64_t>(ns))));
}

// The figure is among the requests without a reply.
ConditionCheck check_unanswered(const Condition& condition, const LoadResult& result) {
  return {condition.is_upper ? Decision::kMissed : Decision::kMet, std::nullopt,
          fmt::format("{:.3g} % of the requests failed or were not answered, {} among them", error_share(result) * 100,
                      figure_name(condition))};
}

ConditionCheck check_percentile(const Condition& condition, const LoadResult& result) {
  const PercentileValue value = result.response.percentile(condition.percentile.per_10000);
  switch (value.kind) {
    case PercentileValue::Kind::kTooFew:
      return {.text = fmt::format("{} {} too few for {}, which needs {:.0f}: measure longer",
                                  os::plural(result.sent, "request"), result.sent == 1 ? "is" : "are",
                                  condition.percentile.label, samples_needed(condition.percentile))};
    case PercentileValue::Kind::kUncompleted:
      return check_unanswered(condition, result);
    case PercentileValue::Kind::kFinite:
      break;
  }
  return check_time(condition, static_cast<double>(value.value.count()));
}

std::string_view decision_name(Decision decision) noexcept {
  switch (decision) {
    case Decision::kMet:
      return "met";
    case Decision::kMissed:
      return "missed";
    case Decision::kUndecided:
      break;
  }
  return "undecided";
}

}  // namespace

double error_share(const LoadResult& result) noexcept {
  return static_cast<double>(result.failed + result.unanswered) /
         static_cast<double>(std::max<std::uint64_t>(result.sent, 1));
}

double samples_needed(const Percentile& percentile) noexcept { return 10 * 10'000.0 / (10'000 - percentile.per_10000); }

ConditionCheck check_condition(const Condition& condition, const LoadResult& result, const Verdict& verdict) {
  if (verdict.status == Status::kInvalid) {
    return {.text = fmt::format("the run is invalid: {}", verdict.reasons.front().text)};
  }
  switch (condition.figure) {
    case Figure::kErrors:
      return check_value(condition, error_share(result), fmt::format("{:.3g} %", error_share(result) * 100));
    case Figure::kRate:
      return check_value(condition, result.requests_per_s(), os::format_rate(result.requests_per_s()));
    case Figure::kPercentile:
      return check_percentile(condition, result);
    case Figure::kMax:
    case Figure::kMean:
      break;
  }
  if (condition.figure == Figure::kMax && result.response.uncompleted() > 0) {
    return check_unanswered(condition, result);
  }
  if (result.response.count() == 0) {
    return {.text = "no request was answered"};
  }
  return check_time(condition, condition.figure == Figure::kMax ? static_cast<double>(result.response.max().count())
                                                                : result.response.mean_ns());
}

std::string assertion_lines(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict,
                            std::string_view prefix) {
  std::string lines;
  for (const Condition& condition : plan.assertions) {
    const ConditionCheck check = check_condition(condition, result, verdict);
    lines += fmt::format("{}assert {}: {}, {}\n", prefix, condition.text, decision_name(check.decision), check.text);
  }
  return lines;
}

nlohmann::ordered_json assertions_json(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict) {
  Json json = Json::array();
  for (const Condition& condition : plan.assertions) {
    const ConditionCheck check = check_condition(condition, result, verdict);
    json.push_back({{"condition", condition.text},
                    {"figure", figure_name(condition)},
                    {"unit", figure_unit(condition)},
                    {"bound", condition.bound},
                    {"value", check.value ? Json(*check.value) : Json()},
                    {"decision", decision_name(check.decision)},
                    {"text", check.text}});
  }
  return json;
}

os::ExitCode judge(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict) {
  if (verdict.status == Status::kInvalid) {
    return os::ExitCode::kFailed;
  }
  os::ExitCode code = os::ExitCode::kPassed;
  for (const Condition& condition : plan.assertions) {
    switch (check_condition(condition, result, verdict).decision) {
      case Decision::kMet:
        break;
      case Decision::kMissed:
        code = worse_of(code, os::ExitCode::kRegression);
        break;
      case Decision::kUndecided:
        code = worse_of(code, os::ExitCode::kUndecided);
        break;
    }
  }
  return code;
}

os::ExitCode worse_of(os::ExitCode a, os::ExitCode b) noexcept {
  for (const os::ExitCode code : {os::ExitCode::kRegression, os::ExitCode::kFailed, os::ExitCode::kUndecided}) {
    if (a == code || b == code) {
      return code;
    }
  }
  return os::ExitCode::kPassed;
}

}  // namespace fanin::load
