#include "harness/selftest/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "harness/rounds/server_under_test.h"
#include "net/clock.h"

namespace fanin::harness {
namespace {

using namespace std::chrono_literals;

// Some 12 us, more than the rest of a request costs, so that more loops cost what they take. With 2'000 loops the
// number of wake-ups changed with them: 200 more raised the CPU time of `thread` by 0.8 to 1.3 %, and they take 2.6 %.
constexpr std::uint64_t kBaseLoops = 10'000;
// Of the pilot: some 3 %, near the effects of the scenarios, since the time per request is not linear.
constexpr std::uint64_t kPilotLoops = 400;
constexpr net::Nanoseconds kFirstPilot = 30s;
constexpr net::Nanoseconds kPilot = 8s;  // again before each set of sessions

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

AbCell make_ab_cell(const std::string& model, std::uint64_t added) {
  return {make_cell(model), make_arm(model, kBaseLoops), make_arm(model, kBaseLoops + added)};
}

Judgement measure_cell(const RoundContext& context, AbCell cell, const AbOptions& options) {
  Judgement judgement = hold_session(context, {std::move(cell)}, options);
  if (judgement.interrupted) {
    throw Interrupted{};
  }
  return judgement;
}

}  // namespace

void SessionSource::measure_loops() {
  const AbOptions options{.base = "pilot",
                          .now = "pilot",
                          .budget = cost_.cpu.empty() ? kFirstPilot : kPilot,
                          .metrics = {"server_cpu_per_request_ns", "throughput_per_s"}};
  AbCell cell = make_ab_cell(model_, kPilotLoops);
  cell.needs_all_units = true;
  const Judgement judgement = measure_cell(context_, std::move(cell), options);
  if (judgement.metrics.size() < 2) {
    throw std::runtime_error(
        fmt::format("selftest of {}: no pilot unit is ok: {}", model_,
                    judgement.faults.empty() ? "nothing was measured" : judgement.faults.front().reason));
  }
  cost_.loops = kPilotLoops;
  for (const auto& [metric, logs] :
       {std::pair{&judgement.metrics[0], &cost_.cpu}, {&judgement.metrics[1], &cost_.throughput}}) {
    logs->insert(logs->end(), metric->log_ratios.begin(), metric->log_ratios.end());
  }
}

Json SessionSource::hold(const Scenario& scenario) const {
  std::uint64_t added = 0;
  try {
    added = cost_.loops_for(scenario.more_cpu);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("selftest of {}: {}", model_, error.what()));
  }
  const AbOptions options{.base = "base",
                          .now = std::string(scenario.name),
                          .budget = scenario.budget,
                          .metrics = {std::string(scenario.metric)},
                          .bands = {fmt::format("{}", scenario.band)}};
  const net::TimePoint begin = net::now();
  const Judgement judgement = measure_cell(context_, make_ab_cell(model_, added), options);
  return session_record(scenario, model_, judgement, net::to_seconds(net::now() - begin),
                        cost_.expect(scenario.metric, added));
}

}  // namespace fanin::harness
