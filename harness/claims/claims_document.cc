// The result of `fanin claims` as JSON.
#include "harness/claims/claims_run.h"
#include "harness/claims/mechanism.h"
#include "harness/claims/test_slopes.h"
#include "harness/verdict/verdict.h"
#include "os/build_info.h"

namespace fanin::harness {
namespace {

Json number_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }
Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json figures_to_json(const MechanismFigures& figures) {
  Json json = Json::object();
  for (const auto& [metric, value] : figures) {
    json[metric] = number_or_null(value);
  }
  return json;
}

Json mechanism_to_json(const std::optional<Mechanism>& mechanism) {
  if (!mechanism) {
    return nullptr;
  }
  return {{"text", text_or_null(mechanism->text)},
          {"base", mechanism->base ? figures_to_json(*mechanism->base) : Json(nullptr)},
          {"new", figures_to_json(mechanism->now)}};
}

Json shift_to_json(const std::optional<statistics::Shift>& shift, const char* name) {
  if (!shift) {
    return nullptr;
  }
  const auto& interval = shift->interval;
  return {{name, shift->estimate},
          {"low", interval ? Json(interval->low) : Json(nullptr)},
          {"high", interval ? Json(interval->high) : Json(nullptr)},
          {"coverage", interval ? Json(interval->coverage) : Json(nullptr)}};
}

Json case_to_json(const CaseRun& run, const CallCosts& costs) {
  const ClaimCase& spec = run.spec();
  const CaseResult result = run.result();
  return {{"name", spec.name},
          {"x", number_or_null(spec.x)},
          {"verdict", claim_verdict_name(result.verdict)},
          {"reason", text_or_null(result.reason)},
          {"kind", spec.calls ? "calls" : "servers"},
          {"metric", spec.metric},
          {"unit", spec.unit},
          {"direction", spec.threshold.at_least ? "at_least" : "at_most"},
          {"threshold", spec.threshold.value},
          {"base_label", spec.base ? Json(spec.base->label) : Json(nullptr)},
          {"new_label", spec.now.label},
          {"interleaved", run.interleaved()},
          {"placement", placement_name(spec.now.placement)},
          {"base", number_or_null(result.base)},
          {"new", number_or_null(result.now)},
          {"ratio", ratio_to_json(result.ratio)},
          {"value", shift_to_json(result.value, "value")},
          {"units", result.units},
          {"smallest_effect", number_or_null(result.smallest_effect)},
          {"control", ratio_to_json(result.control)},
          {"published", number_or_null(spec.published)},
          {"log_ratios", run.track().differences()},
          {"control_log_ratios", run.track().controls()},
          {"mechanism", mechanism_to_json(explain_case(run, costs))}};
}

Json test_to_json(const ClaimRun& run, std::size_t index, const NamedVerdict& verdict, const CallCosts& costs) {
  const ClaimTest& test = run.claim->tests[index];
  const auto& threshold = test.threshold;
  Json cases = Json::array();
  for (const CaseRun& each : run.tests[index]) {
    cases.push_back(case_to_json(each, costs));
  }
  const auto slopes = fit_slopes(run.tests[index]);
  const Json of_sides =
      slopes ? Json{{"base", shift_to_json(slopes->base, "per_x")}, {"new", shift_to_json(slopes->now, "per_x")}}
             : Json(nullptr);
  return {{"name", test.name},
          {"says", test.says},
          {"metric", test.cases.front().metric},
          {"unit", test.cases.front().unit},
          {"at_least", threshold && threshold->at_least ? Json(threshold->value) : Json(nullptr)},
          {"at_most", threshold && !threshold->at_least ? Json(threshold->value) : Json(nullptr)},
          {"axis", text_or_null(test.axis)},
          {"verdict", claim_verdict_name(verdict.verdict)},
          {"reason", explain(run.case_verdicts(index), "case")},
          {"cases", std::move(cases)},
          {"slopes", of_sides}};
}

Json flip_to_json(const FlipRun& run) {
  const ClaimCase spec = run.spec->make_case(run.spec->from);
  const FlipResult result = run.search.result(spec.threshold.value);
  Json points = Json::array();
  for (const FlipPoint& point : run.search.points()) {
    points.push_back({{"value", point.value},
                      {"ratio", ratio_to_json(point.ratio)},
                      {"verdict", claim_verdict_name(point.verdict)}});
  }
  return {{"name", run.spec->name},
          {"says", run.spec->says},
          {"metric", spec.metric},
          {"unit", spec.unit},
          {"parameter", run.spec->parameter},
          {"direction", spec.threshold.at_least ? "at_least" : "at_most"},
          {"threshold", spec.threshold.value},
          {"low", number_or_null(result.low)},
          {"high", number_or_null(result.high)},
          {"estimate", number_or_null(result.estimate)},
          {"reason", text_or_null(result.reason)},
          {"points", std::move(points)}};
}

Json claim_to_json(const ClaimRun& run, const CallCosts& costs) {
  const Json& document = *run.claim->document;
  const std::vector<NamedVerdict> verdicts = run.test_verdicts();
  Json tests = Json::array();
  for (std::size_t test = 0; test < verdicts.size(); ++test) {
    tests.push_back(test_to_json(run, test, verdicts[test], costs));
  }
  Json flips = Json::array();
  for (const FlipRun& flip : run.flips) {
    flips.push_back(flip_to_json(flip));
  }
  return {{"id", run.claim->id},
          {"claim", document.at("claim")},
          {"source", document.at("source")},
          {"setup", document.contains("setup") ? document.at("setup") : Json(nullptr)},
          {"confounders", document.value("confounders", Json::array())},
          {"choice", document.at("choice")},
          {"verdict", claim_verdict_name(run.verdict())},
          {"reason", explain(verdicts, "test")},
          {"tests", std::move(tests)},
          {"flips", std::move(flips)}};
}

}  // namespace

Json ClaimsRun::to_json() const {
  Json summary;
  for (const ClaimVerdict verdict : kClaimVerdicts) {
    summary[std::string(claim_verdict_name(verdict))] =
        std::count_if(runs.begin(), runs.end(), [verdict](const ClaimRun& run) { return run.verdict() == verdict; });
  }
  Json all = Json::array();
  for (const ClaimRun& run : runs) {
    all.push_back(claim_to_json(run, costs));
  }
  return {
      {"schema", "fanin-claims"},
      {"schema_version", 1},
      {"id", id},
      {"started_at", started_at},
      {"finished_at", finished_at},
      {"complete", complete},
      {"seed", seed},
      {"budget_s", net::to_seconds(budget)},
      {"fanin_version", os::build_info().version},
      {"environment", {{"start", environment_start}, {"end", environment_end}}},
      {"procedure",
       {{"method",
         "units of fresh servers (base, new, a copy of base as control), or a fresh process of fanin-micro; "
         "Hodges-Lehmann estimate of the units' log ratios, exact signed-rank intervals, repeated looks; the interval "
         "is compared with a threshold declared ahead"},
        {"error_rate", plan.error_rate},
        {"looks", plan.looks},
        {"false_alarms", false_alarms}}},
      {"summary", std::move(summary)},
      {"claims", std::move(all)}};
}

}  // namespace fanin::harness
