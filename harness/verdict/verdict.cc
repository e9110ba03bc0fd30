#include "harness/verdict/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/analysis/summary.h"
#include "harness/suite/schema.h"

namespace fanin::harness {
namespace {

constexpr std::array<std::string_view, 4> kVerdictNames{"better", "worse", "equivalent", "undecided"};

Verdict parse_verdict(const JsonReader& reader) {
  const std::string name = reader.text();
  const auto found = std::find(kVerdictNames.begin(), kVerdictNames.end(), name);
  if (found == kVerdictNames.end()) {
    reader.fail("must be better, worse, equivalent or undecided");
  }
  return static_cast<Verdict>(found - kVerdictNames.begin());
}

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::optional<double> number_or_nothing(const JsonReader& reader) {
  return reader.value().is_null() ? std::nullopt : std::optional(reader.value().get<double>());
}

std::optional<RatioEstimate> ratio_from_json(const JsonReader& reader) {
  if (reader.value().is_null()) {
    return std::nullopt;
  }
  RatioEstimate ratio{reader.at("ratio").value().get<double>(), std::nullopt};
  const auto low = number_or_nothing(reader.at("low"));
  const auto high = number_or_nothing(reader.at("high"));
  if (low && high) {
    ratio.interval = statistics::Interval{*low, *high, number_or_nothing(reader.at("coverage")).value_or(0)};
  }
  return ratio;
}

Json metric_to_json(const MetricVerdict& metric) {
  return {{"cell", metric.cell},
          {"metric", metric.metric},
          {"unit", metric.unit},
          {"better", metric.higher_is_better ? "higher" : "lower"},
          {"band", metric.band},
          {"base", or_null(metric.base)},
          {"new", or_null(metric.now)},
          {"ratio", ratio_to_json(metric.ratio)},
          {"verdict", verdict_name(metric.verdict)},
          {"units", metric.units},
          {"smallest_effect", or_null(metric.smallest_effect)},
          {"control", ratio_to_json(metric.control)},
          {"control_failed", metric.control_failed},
          {"reason", metric.reason.empty() ? Json(nullptr) : Json(metric.reason)},
          {"log_ratios", metric.log_ratios},
          {"control_log_ratios", metric.control_log_ratios}};
}

// A verdict that counts: one with a failed control is void.
bool counts(const MetricVerdict& metric) { return !metric.control_failed; }

MetricVerdict metric_from_json(const JsonReader& reader) {
  MetricVerdict metric;
  metric.cell = reader.at("cell").text();
  metric.metric = reader.at("metric").text();
  try {
    if (!is_of_ledgers(metric.metric)) {
      find_metric_of_user(metric.metric);
    }
  } catch (const std::invalid_argument& error) {
    reader.at("metric").fail(error.what());
  }
  metric.unit = reader.at("unit").text();
  metric.higher_is_better = reader.at("better").text() == "higher";
  metric.band = reader.at("band").value().get<double>();
  metric.base = number_or_nothing(reader.at("base"));
  metric.now = number_or_nothing(reader.at("new"));
  metric.ratio = ratio_from_json(reader.at("ratio"));
  metric.verdict = parse_verdict(reader.at("verdict"));
  metric.units = reader.at("units").value().get<std::size_t>();
  metric.smallest_effect = number_or_nothing(reader.at("smallest_effect"));
  metric.control = ratio_from_json(reader.at("control"));
  metric.control_failed = reader.at("control_failed").value().get<bool>();
  metric.reason = reader.value().at("reason").is_null() ? "" : reader.at("reason").text();
  metric.log_ratios = reader.at("log_ratios").value().get<std::vector<double>>();
  metric.control_log_ratios = reader.at("control_log_ratios").value().get<std::vector<double>>();
  return metric;
}

// The verdict that the interval gives by itself; a comparison may decide less than that (Benjamini-Hochberg).
void check_verdict(const JsonReader& reader, const MetricVerdict& metric) {
  const Verdict of_ratio =
      judge_ratio(metric.ratio ? metric.ratio->interval : std::nullopt, metric.band, metric.higher_is_better);
  if (metric.verdict != Verdict::kUndecided && metric.verdict != of_ratio) {
    reader.at("verdict").fail(fmt::format("but ratio and band give {}", verdict_name(of_ratio)));
  }
}

}  // namespace

Json ratio_to_json(const std::optional<RatioEstimate>& ratio) {
  if (!ratio) {
    return nullptr;
  }
  const auto& interval = ratio->interval;
  return {{"ratio", ratio->ratio},
          {"low", interval ? Json(interval->low) : Json(nullptr)},
          {"high", interval ? Json(interval->high) : Json(nullptr)},
          {"coverage", interval ? Json(interval->coverage) : Json(nullptr)}};
}

std::string_view verdict_name(Verdict verdict) { return kVerdictNames[static_cast<std::size_t>(verdict)]; }

std::string_view outcome_name(const MetricVerdict& metric) {
  return metric.control_failed ? "void" : verdict_name(metric.verdict);
}

std::optional<RatioEstimate> to_ratio(const statistics::Shift& log_shift) {
  RatioEstimate ratio{std::exp(log_shift.estimate), std::nullopt};
  if (const auto& interval = log_shift.interval) {
    ratio.interval = statistics::Interval{std::exp(interval->low), std::exp(interval->high), interval->coverage};
  }
  return ratio;
}

Verdict judge_ratio(const std::optional<statistics::Interval>& ratio, double band, bool higher_is_better) {
  if (!ratio) {
    return Verdict::kUndecided;
  }
  const double upper = 1 + band;
  const double lower = 1 / upper;
  if (ratio->low > upper) {
    return higher_is_better ? Verdict::kBetter : Verdict::kWorse;
  }
  if (ratio->high < lower) {
    return higher_is_better ? Verdict::kWorse : Verdict::kBetter;
  }
  return ratio->low >= lower && ratio->high <= upper ? Verdict::kEquivalent : Verdict::kUndecided;
}

void MetricVerdict::add_reason(const std::string& more) { reason += (reason.empty() ? "" : "; ") + more; }

ExitCode Judgement::exit_code() const {
  if (interrupted) {
    return ExitCode::kInterrupted;
  }
  if (!obstacles.empty()) {
    return ExitCode::kNotComparable;
  }
  const auto has = [this](Verdict verdict) {
    return std::any_of(metrics.begin(), metrics.end(),
                       [verdict](const MetricVerdict& metric) { return counts(metric) && metric.verdict == verdict; });
  };
  if (has(Verdict::kWorse)) {
    return ExitCode::kRegression;
  }
  if (!faults.empty() || !std::all_of(metrics.begin(), metrics.end(), counts)) {
    return ExitCode::kFailed;
  }
  const bool decided = has(Verdict::kBetter) || has(Verdict::kEquivalent);
  return decided && !(strict && has(Verdict::kUndecided)) ? ExitCode::kPassed : ExitCode::kUndecided;
}

int exit_code_for_bisect(ExitCode code) {
  constexpr int kSkip = 125;
  return code == ExitCode::kNotComparable || code == ExitCode::kUndecided || code == ExitCode::kFailed
             ? kSkip
             : static_cast<int>(code);
}

Json judgement_to_json(const Judgement& judgement) {
  Json metrics = Json::array();
  std::array<int, 4> totals{};
  for (const MetricVerdict& metric : judgement.metrics) {
    metrics.push_back(metric_to_json(metric));
    totals[static_cast<std::size_t>(metric.verdict)] += counts(metric) ? 1 : 0;
  }
  Json counted;
  for (std::size_t i = 0; i < kVerdictNames.size(); ++i) {
    counted[std::string(kVerdictNames[i])] = totals[i];
  }
  counted["void"] = std::count_if(judgement.metrics.begin(), judgement.metrics.end(), std::not_fn(counts));
  Json faults = Json::array();
  for (const CellFault& fault : judgement.faults) {
    faults.push_back({{"cell", fault.cell}, {"status", fault.status}, {"reason", fault.reason}});
  }
  const Procedure& procedure = judgement.procedure;
  return {{"schema", "fanin-verdict"},
          {"schema_version", 1},
          {"kind", judgement.kind},
          {"base", judgement.base},
          {"new", judgement.now},
          {"result", describe_result(judgement)},
          {"exit_code", static_cast<int>(judgement.exit_code())},
          {"strict", judgement.strict},
          {"interrupted", judgement.interrupted},
          {"counts", counted},
          {"metrics", metrics},
          {"faults", faults},
          {"obstacles", judgement.obstacles},
          {"notes", judgement.notes},
          {"differences", judgement.differences},
          {"procedure",
           {{"method", procedure.method},
            {"error_rate", procedure.error_rate},
            {"looks", procedure.looks},
            {"false_alarms", procedure.false_alarms}}}};
}

bool is_judgement(const Json& document) {
  return document.is_object() && document.contains("schema") && document.at("schema") == "fanin-verdict";
}

Judgement judgement_from_json(const JsonReader& reader) {
  check_schema(reader, "verdict");
  Judgement judgement;
  judgement.kind = reader.at("kind").text();
  judgement.base = reader.at("base").text();
  judgement.now = reader.at("new").text();
  judgement.strict = reader.at("strict").value().get<bool>();
  judgement.interrupted = reader.value().value("interrupted", false);
  for (const JsonReader& metric : reader.at("metrics").items()) {
    check_verdict(metric, judgement.metrics.emplace_back(metric_from_json(metric)));
  }
  for (const JsonReader& fault : reader.at("faults").items()) {
    judgement.faults.push_back({fault.at("cell").text(), fault.at("status").text(), fault.at("reason").text()});
  }
  for (const auto& [key, texts] : {std::pair{"obstacles", &judgement.obstacles},
                                   {"notes", &judgement.notes},
                                   {"differences", &judgement.differences}}) {
    *texts = reader.at(key).value().get<std::vector<std::string>>();
  }
  const JsonReader procedure = reader.at("procedure");
  judgement.procedure = {procedure.at("method").text(), procedure.at("error_rate").value().get<double>(),
                         procedure.at("looks").value().get<std::vector<std::size_t>>(),
                         procedure.at("false_alarms").text()};
  if (reader.at("exit_code").value() != static_cast<int>(judgement.exit_code())) {
    reader.at("exit_code").fail(fmt::format("but the verdicts give {}", static_cast<int>(judgement.exit_code())));
  }
  return judgement;
}

}  // namespace fanin::harness
