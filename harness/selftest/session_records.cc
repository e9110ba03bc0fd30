#include "harness/selftest/session_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "harness/selftest/share.h"
#include "os/format.h"
#include "statistics/inference.h"
#include "statistics/sequential.h"

namespace fanin::harness {
namespace {

using namespace std::chrono_literals;

double median_of(const std::vector<Json>& sessions, const char* key) {
  std::vector<double> values;
  values.reserve(sessions.size());
  for (const Json& session : sessions) {
    values.push_back(session.at(key).get<double>());
  }
  return statistics::median(values);
}

// The control is an A/A comparison of its own, by the same rule and with the same looks.
void record_control(const std::vector<double>& log_ratios, const Procedure& procedure, double band, Json& record) {
  const statistics::SequentialPlan plan{procedure.looks, procedure.error_rate};
  const statistics::SequentialState state = statistics::evaluate(plan, log_ratios, {std::log1p(band)}, true);
  const statistics::SequentialState strict = statistics::evaluate(plan, log_ratios, {0}, true);
  const auto is_alarm = [](const statistics::SequentialState& each) {
    return each.decision == statistics::Decision::kAbove || each.decision == statistics::Decision::kBelow;
  };
  record["control"] = std::exp(state.shift.estimate);
  record["control_alarm"] = is_alarm(state);
  record["control_alarm_without_band"] = is_alarm(strict);
  if (const auto plain = statistics::signed_rank_shift(log_ratios, kShareLevel).interval) {
    record["control_covers"] = plain->low <= 0 && plain->high >= 0;
  }
}

void record_ratio(const RatioEstimate& ratio, const std::optional<RatioEstimate>& expected, Json& record) {
  record["ratio"] = ratio.ratio;
  if (ratio.interval) {
    record["low"] = ratio.interval->low;
    record["high"] = ratio.interval->high;
  }
  if (!expected || !expected->interval) {
    return;
  }
  record["expected"] = {
      {"ratio", expected->ratio}, {"low", expected->interval->low}, {"high", expected->interval->high}};
  // An expectation that is less certain than the session says nothing about it.
  const auto width = [](const statistics::Interval& interval) { return interval.high - interval.low; };
  if (ratio.interval && 2 * width(*expected->interval) <= width(*ratio.interval)) {
    record["covers_expected"] = ratio.interval->low <= expected->ratio && expected->ratio <= ratio.interval->high;
  }
}

// How many sessions have a truth value under a key, and in how many it is true.
struct Tally {
  std::int64_t count = 0;
  std::int64_t of = 0;

  Json to_json() const { return of > 0 ? share_to_json(count, of) : Json(nullptr); }
};

Tally count_of(const std::vector<Json>& sessions, const char* key) {
  Tally found;
  for (const Json& session : sessions) {
    const Json value = session.value(key, Json());
    found.of += value.is_boolean() ? 1 : 0;
    found.count += value == true ? 1 : 0;
  }
  return found;
}

std::int64_t count_found(const std::vector<Json>& sessions) {
  return std::count_if(sessions.begin(), sessions.end(),
                       [](const Json& session) { return session.at("verdict") == "worse"; });
}

// By scenario and model; sessions without a comparison are left out.
using Groups = std::map<std::pair<std::string, std::string>, std::vector<Json>>;

std::pair<std::string, std::string> find_group(const Json& session) {
  return {session.at("scenario").get<std::string>(), session.at("model").get<std::string>()};
}

Groups group_sessions(const std::vector<Json>& sessions) {
  Groups groups;
  for (const Json& session : sessions) {
    if (!session.at("ratio").is_null()) {
      groups[find_group(session)].push_back(session);
    }
  }
  return groups;
}

Json summarise_group(const std::pair<std::string, std::string>& key, const std::vector<Json>& group) {
  std::vector<Json> expected;
  for (const Json& session : group) {
    if (session.contains("expected")) {
      expected.push_back(session.at("expected"));
    }
  }
  return {{"scenario", key.first},
          {"model", key.second},
          {"found", share_to_json(count_found(group), static_cast<std::int64_t>(group.size()))},
          {"covers_expected", count_of(group, "covers_expected").to_json()},
          {"median_expected", expected.empty() ? Json(nullptr) : Json(median_of(expected, "ratio"))},
          {"median_ratio", median_of(group, "ratio")},
          {"median_seconds", median_of(group, "seconds")},
          {"median_units", median_of(group, "units")}};
}

}  // namespace

const std::vector<Scenario>& selftest_scenarios() {
  static const std::vector<Scenario> kScenarios{
      {"cpu+2%-60s", "server_cpu_per_request_ns", 0.02, 0.01, 60s},
      {"cpu+1%-180s", "server_cpu_per_request_ns", 0.01, 0.005, 180s},
      {"throughput-5%-60s", "throughput_per_s", 0.05, 0.02, 60s},
  };
  return kScenarios;
}

Json session_record(const Scenario& scenario, const std::string& model, const Judgement& judgement, double seconds,
                    const std::optional<RatioEstimate>& expected) {
  Json record{{"scenario", scenario.name}, {"model", model},           {"seconds", seconds},       {"units", 0},
              {"verdict", "fault"},        {"ratio", nullptr},         {"low", nullptr},           {"high", nullptr},
              {"control", nullptr},        {"control_alarm", nullptr}, {"control_covers", nullptr}};
  if (judgement.metrics.empty()) {
    record["reason"] = judgement.faults.empty() ? "" : judgement.faults.front().reason;
    return record;
  }
  const MetricVerdict& metric = judgement.metrics.front();
  record["units"] = metric.units;
  record["verdict"] = metric.control_failed ? "void" : std::string(verdict_name(metric.verdict));
  if (metric.ratio) {
    record_ratio(*metric.ratio, expected, record);
  }
  if (!metric.control_log_ratios.empty()) {
    record_control(metric.control_log_ratios, judgement.procedure, scenario.band, record);
  }
  return record;
}

Json summarise_sessions(const std::vector<Json>& sessions) {
  Json power = Json::array();
  for (const auto& [key, group] : group_sessions(sessions)) {
    power.push_back(summarise_group(key, group));
  }
  const Tally alarms = count_of(sessions, "control_alarm");
  return {
      {"power", power},
      {"false_alarms", alarms.to_json()},
      {"false_alarms_without_band", count_of(sessions, "control_alarm_without_band").to_json()},
      {"false_alarms_at_most",
       alarms.of > 0 ? Json(statistics::clopper_pearson_upper(alarms.count, alarms.of, kShareLevel)) : Json(nullptr)},
      {"coverage_of_control_intervals", count_of(sessions, "control_covers").to_json()},
      {"coverage_of_effect_intervals", count_of(sessions, "covers_expected").to_json()}};
}

std::string describe_last(const std::vector<Json>& sessions) {
  const Json& last = sessions.back();
  const Groups groups = group_sessions(sessions);
  const auto group = groups.find(find_group(last));
  const Tally alarms = count_of(sessions, "control_alarm");
  const auto found = group == groups.end()
                         ? Tally{}
                         : Tally{count_found(group->second), static_cast<std::int64_t>(group->second.size())};
  return fmt::format(
      "{} {}: {}, {:.0f} s; found in {} of {}, {} in {}{}\n", last.at("model").get<std::string>(),
      last.at("scenario").get<std::string>(), last.at("verdict").get<std::string>(), last.at("seconds").get<double>(),
      found.count, found.of, os::plural(static_cast<std::uint64_t>(alarms.count), "false alarm"),
      os::plural(static_cast<std::uint64_t>(alarms.of), "A/A comparison"),
      alarms.of == 0 ? ""
                     : fmt::format(" (at most {:.2g} % at 95 %)",
                                   100 * statistics::clopper_pearson_upper(alarms.count, alarms.of, kShareLevel)));
}

}  // namespace fanin::harness
