#include "harness/ab/selftest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <utility>

#include "harness/ab/session.h"
#include "harness/rounds/console.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/server_under_test.h"
#include "harness/rounds/suite_run.h"
#include "net/clock.h"
#include "os/files.h"
#include "os/format.h"
#include "os/program.h"
#include "statistics/inference.h"
#include "statistics/sequential.h"

namespace fanin::harness {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSchema = "fanin-selftest";
constexpr double kLevel = 0.95;              // of the bounds of proportions
constexpr std::uint64_t kBaseLoops = 2'000;  // a few microseconds, so that the server is the bottleneck
constexpr int kPilotUnits = 8;

// The cell of all sessions: lines that cost the server loop steps, on 50 connections.
Cell make_cell(const std::string& model) {
  const Json suite = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"selftest","repetitions":1,
          "servers":[{"name":")" +
      model + R"(","model":")" + model + R"("}],
          "experiments":[{"name":"work-closed","servers":["*"],"workload":{"protocol":"work","connections":50},
                          "sweep":{"parameter":"connections","values":[50]}}]})");
  return make_cells(parse_suite(suite, "selftest")).front();
}

Arm make_arm(const std::string& model, std::uint64_t loops) {
  return {ServerSpec{.name = model, .model = model, .args = {"--work-loops", std::to_string(loops)}, .command = {}},
          ""};
}

// What loops cost on this machine, from a short comparison of one count with twice as many.
struct LoopCost {
  double base_ns = 0;      // server CPU time per request with kBaseLoops
  double ns_per_loop = 0;  // of them
};

LoopCost measure_loop_cost(const RoundContext& context, const std::string& model) {
  AbCell cell{make_cell(model), make_arm(model, kBaseLoops), make_arm(model, 2 * kBaseLoops)};
  AbOptions options{
      .base = "pilot", .now = "pilot", .budget = kPilotUnits * 700ms, .metrics = {"server_cpu_per_request_ns"}};
  const SessionResult result = hold_session(context, {std::move(cell)}, options);
  if (result.interrupted) {
    throw Interrupted{};
  }
  if (!result.judgement.faults.empty() || !result.judgement.metrics.front().base) {
    throw std::runtime_error(
        fmt::format("selftest of {}: no pilot unit is ok: {}", model,
                    result.judgement.faults.empty() ? "no CPU time was read" : result.judgement.faults.front().reason));
  }
  const MetricVerdict& metric = result.judgement.metrics.front();
  const double per_loop = (*metric.now - *metric.base) / static_cast<double>(kBaseLoops);
  if (per_loop <= 0) {
    throw std::runtime_error(
        fmt::format("selftest of {}: more loops cost no more CPU time: the machine is too busy", model));
  }
  return {*metric.base, per_loop};
}

Judgement hold_scenario(const RoundContext& context, const Scenario& scenario, const std::string& model,
                        const LoopCost& cost) {
  const auto added = static_cast<std::uint64_t>(std::llround(scenario.more_cpu * cost.base_ns / cost.ns_per_loop));
  AbCell cell{make_cell(model), make_arm(model, kBaseLoops), make_arm(model, kBaseLoops + added)};
  const AbOptions options{.base = "base",
                          .now = std::string(scenario.name),
                          .budget = scenario.budget,
                          .metrics = {std::string(scenario.metric)},
                          .bands = {fmt::format("{}", scenario.band)}};
  const SessionResult result = hold_session(context, {std::move(cell)}, options);
  if (result.interrupted) {
    throw Interrupted{};
  }
  return result.judgement;
}

Json share_to_json(std::int64_t count, std::int64_t of) {
  const statistics::Interval bounds = statistics::clopper_pearson(count, of, kLevel);
  return {{"count", count}, {"of", of}, {"low", bounds.low}, {"high", bounds.high}};
}

double median_of(const std::vector<Json>& sessions, const char* key) {
  std::vector<double> values;
  values.reserve(sessions.size());
  for (const Json& session : sessions) {
    values.push_back(session.at(key).get<double>());
  }
  return statistics::median(values);
}

std::vector<Json> load_sessions(const std::string& path) {
  if (!std::filesystem::exists(path)) {
    return {};
  }
  const Json document = load_json(path);
  const JsonReader reader(document, path);
  if (document.value("schema", "") != kSchema) {
    reader.fail("is no result of fanin selftest: name another file with --out");
  }
  return reader.at("sessions").value().get<std::vector<Json>>();
}

std::string machine_text(const Json& environment) {
  const auto text = [&](const char* place) {
    const Json::json_pointer pointer(place);
    const Json value = environment.contains(pointer) ? environment.at(pointer) : Json();
    return value.is_string() ? value.get<std::string>() : std::string("unknown");
  };
  return fmt::format("{}, Linux {}", text("/cpu/model"), text("/kernel/release"));
}

void write(const std::string& path, const std::vector<Json>& sessions, const Json& environment) {
  os::write_file_atomically(path, to_text(Json{{"schema", kSchema},
                                               {"schema_version", 1},
                                               {"machine", machine_text(environment)},
                                               {"environment", environment},
                                               {"summary", summarise_selftest(sessions)},
                                               {"sessions", sessions}}));
}

std::vector<Scenario> choose_scenarios(const std::vector<std::string>& names) {
  std::vector<Scenario> chosen;
  for (const Scenario& scenario : selftest_scenarios()) {
    if (names.empty() || std::find(names.begin(), names.end(), scenario.name) != names.end()) {
      chosen.push_back(scenario);
    }
  }
  return chosen;
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

Json session_record(const Scenario& scenario, const std::string& model, const Judgement& judgement, double seconds) {
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
    record["ratio"] = metric.ratio->ratio;
    if (metric.ratio->interval) {
      record["low"] = metric.ratio->interval->low;
      record["high"] = metric.ratio->interval->high;
    }
  }
  if (!metric.control_log_ratios.empty()) {
    // The control is an A/A comparison of its own, by the same rule and with the same looks.
    const statistics::SequentialPlan plan{judgement.procedure.looks, judgement.procedure.error_rate};
    const statistics::SequentialState state =
        statistics::evaluate(plan, metric.control_log_ratios, {std::log1p(scenario.band)}, true);
    const statistics::SequentialState strict = statistics::evaluate(plan, metric.control_log_ratios, {0}, true);
    const auto is_alarm = [](const statistics::SequentialState& each) {
      return each.decision == statistics::Decision::kAbove || each.decision == statistics::Decision::kBelow;
    };
    record["control"] = std::exp(state.shift.estimate);
    record["control_alarm"] = is_alarm(state);
    record["control_alarm_without_band"] = is_alarm(strict);
    const statistics::Shift plain = statistics::signed_rank_shift(metric.control_log_ratios, kLevel);
    if (plain.interval) {
      record["control_covers"] = plain.interval->low <= 0 && plain.interval->high >= 0;
    }
  }
  return record;
}

Json summarise_selftest(const std::vector<Json>& sessions) {
  std::map<std::pair<std::string, std::string>, std::vector<Json>> groups;
  std::int64_t comparisons = 0;
  std::int64_t alarms = 0;
  std::int64_t alarms_without_band = 0;
  std::int64_t intervals = 0;
  std::int64_t covering = 0;
  for (const Json& session : sessions) {
    if (!session.at("ratio").is_null()) {
      groups[{session.at("scenario").get<std::string>(), session.at("model").get<std::string>()}].push_back(session);
    }
    if (session.at("control_alarm").is_boolean()) {
      ++comparisons;
      alarms += session.at("control_alarm") == true ? 1 : 0;
      alarms_without_band += session.at("control_alarm_without_band") == true ? 1 : 0;
    }
    if (session.at("control_covers").is_boolean()) {
      ++intervals;
      covering += session.at("control_covers") == true ? 1 : 0;
    }
  }
  Json power = Json::array();
  for (const auto& [key, group] : groups) {
    const auto found =
        std::count_if(group.begin(), group.end(), [](const Json& session) { return session.at("verdict") == "worse"; });
    power.push_back({{"scenario", key.first},
                     {"model", key.second},
                     {"found", share_to_json(found, static_cast<std::int64_t>(group.size()))},
                     {"median_ratio", median_of(group, "ratio")},
                     {"median_seconds", median_of(group, "seconds")},
                     {"median_units", median_of(group, "units")}});
  }
  const auto share = [](std::int64_t count, std::int64_t of) {
    return of > 0 ? share_to_json(count, of) : Json(nullptr);
  };
  return {{"power", power},
          {"false_alarms", share(alarms, comparisons)},
          {"false_alarms_without_band", share(alarms_without_band, comparisons)},
          {"false_alarms_at_most",
           comparisons > 0 ? Json(statistics::clopper_pearson_upper(alarms, comparisons, kLevel)) : Json(nullptr)},
          {"coverage_of_control_intervals", share(covering, intervals)}};
}

std::string describe_false_alarms(const std::string& path, const Json& environment) {
  if (!std::filesystem::exists(path)) {
    return "not measured: fanin selftest does";
  }
  const Json document = load_json(path);
  const Json& alarms = document.at("summary").at("false_alarms");
  if (alarms.is_null()) {
    return "not measured: fanin selftest does";
  }
  const std::string measured = document.at("machine").get<std::string>();
  const std::string here = machine_text(environment);
  return fmt::format("{} of {} A/A comparisons (at most {:.2g} % at 95 %), on {}{}",
                     alarms.at("count").get<std::int64_t>(), alarms.at("of").get<std::int64_t>(),
                     document.at("summary").at("false_alarms_at_most").get<double>() * 100, measured,
                     measured == here ? "" : "; this is " + here);
}

int run_selftest(const SelftestOptions& options) {
  const Interrupt interrupt;
  RoundContext context = make_context("", options.load_binary);
  context.interrupt_fd = interrupt.fd();
  const Json environment = read_environment(context.programs);
  std::vector<Json> sessions = load_sessions(options.out);
  try {
    for (const std::string& model : options.models) {
      const LoopCost cost = measure_loop_cost(context, model);
      for (int i = 0; i < options.sessions; ++i) {
        for (const Scenario& scenario : choose_scenarios(options.scenarios)) {
          const net::TimePoint begin = net::now();
          const Judgement judgement = hold_scenario(context, scenario, model, cost);
          sessions.push_back(session_record(scenario, model, judgement, net::to_seconds(net::now() - begin)));
          write(options.out, sessions, environment);
          os::print_text(stdout, fmt::format("{} {}: {}, {} units, {:.0f} s\n", model, scenario.name,
                                             sessions.back()["verdict"].get<std::string>(),
                                             sessions.back()["units"].get<std::size_t>(),
                                             sessions.back()["seconds"].get<double>()));
        }
      }
    }
  } catch (const Interrupted&) {
    return 130;
  }
  os::print_text(stdout, summarise_selftest(sessions).dump(2) + "\n");
  return 0;
}

}  // namespace fanin::harness
