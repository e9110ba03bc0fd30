#include "harness/claims/measure.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/analysis/summary.h"
#include "harness/claims/claim_metric.h"
#include "harness/rounds/server_under_test.h"
#include "net/clock.h"
#include "os/child_process.h"
#include "statistics/statistics.h"

namespace fanin::harness {
namespace {

ArmRecord read_round(const Json& round, const ClaimMetric& claimed) {
  ArmRecord arm{round.at("status"), round.at("reason").is_null() ? "" : round.at("reason").get<std::string>(), {}};
  for (const Metric& metric : metrics()) {
    if (const Json value = metric_of(round, metric.name); value.is_number()) {
      arm.metrics.emplace(metric.name, value.get<double>());
    }
  }
  if (const Json value = claimed.read(round); value.is_number()) {
    arm.metrics[claimed.name] = value.get<double>();
  }
  return arm;
}

void measure_servers(const RoundContext& context, const std::vector<int>& allowed, const ClaimCase& of_case,
                     UnitDesign design, std::uint64_t seed, UnitRecord& record) {
  std::vector<const ClaimSide*> sides{&of_case.now};
  if (of_case.base) {
    sides = {&*of_case.base, &of_case.now, &*of_case.base};
  }
  std::vector<Cell> cells;
  std::vector<Placement> placements;
  for (const ClaimSide* side : sides) {
    cells.push_back(make_claim_cell(of_case, *side));
    placements.push_back(choose_claim_placement(side->placement, allowed));
  }
  std::vector<UnitArm> arms;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    arms.push_back({{&sides[i]->server, &cells[i]}, &placements[i]});
  }
  const Json named = of_case.metric;
  const ClaimMetric claimed = ClaimMetric::parse(JsonReader(named, of_case.file, of_case.place));
  const MeasuredUnit unit = measure_arms(context, arms, design, seed);
  record.interleaved = unit.interleaved;
  for (const Json& round : unit.rounds) {
    record.arms.push_back(read_round(round, claimed));
  }
}

// A name as a regular expression of Google Benchmark (POSIX extended).
std::string escape(const std::string& name) {
  std::string escaped;
  for (const char c : name) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

constexpr int kRepetitions = 6;  // of each benchmark; an even number, since base and control share those of base

std::vector<ArmRecord> fail_all(const std::string& reason) { return std::vector<ArmRecord>(3, {"failed", reason, {}}); }

std::vector<ArmRecord> measure_calls(const RoundContext& context, const std::vector<int>& allowed,
                                     const ClaimCase& of_case) {
  const std::vector<int> cpus =
      of_case.now.placement == ClaimPlacement::kShared ? std::vector<int>{allowed.front()} : allowed;
  const std::string filter = fmt::format("^({}|{})$", escape(of_case.base->benchmark), escape(of_case.now.benchmark));
  const Benchmarks run = run_benchmarks(context, cpus, filter, kRepetitions, of_case.window / kRepetitions);
  return run.problem.empty() ? read_benchmarks(run.output, of_case) : fail_all(run.problem);
}

ArmRecord make_arm(const std::vector<double>& times, const std::string& error, const std::string& benchmark) {
  if (!error.empty()) {
    return {"unsupported", error, {}};  // a benchmark that cannot run says why (skip_on_error)
  }
  if (times.empty()) {
    return {"failed", fmt::format("fanin-micro gave no time of {}", benchmark), {}};
  }
  return {"ok", "", {{std::string(kCallMetric), statistics::median(times)}}};
}

}  // namespace

Benchmarks run_benchmarks(const RoundContext& context, const std::vector<int>& cpus, const std::string& filter,
                          int repetitions, net::Nanoseconds time) {
  constexpr net::Nanoseconds kMargin = std::chrono::minutes(2);  // for what they set up
  os::Launch launch;
  launch.argv = {context.programs.micro,
                 "--benchmark_filter=" + filter,
                 "--benchmark_enable_random_interleaving=true",
                 fmt::format("--benchmark_repetitions={}", repetitions),
                 fmt::format("--benchmark_min_time={:.4f}", net::to_seconds(time)),
                 "--benchmark_format=json"};
  launch.cpus = cpus;
  launch.keep_stdout = os::Output::Keep::kAll;
  os::ChildProcess micro(launch);
  const auto ended = [&] { return micro.status().has_value(); };
  const auto result = os::wait_until({&micro}, -1, context.interrupt_fd, net::now() + kMargin, ended);
  if (result == os::WaitResult::kInterrupted) {
    throw Interrupted{};
  }
  if (result == os::WaitResult::kDeadline) {
    return {nullptr, fmt::format("fanin-micro did not end within {}", net::format_duration(kMargin))};
  }
  if (!micro.status()->clean()) {
    return {nullptr, fmt::format("fanin-micro: {}: {}", micro.status()->text(), micro.err().last_line())};
  }
  return {parse_json_or_null(micro.out().all()), ""};
}

double read_benchmark_time(const Json& run) {
  const std::string unit = run.value("time_unit", "ns");
  const double scale = unit == "us" ? 1e3 : unit == "ms" ? 1e6 : unit == "s" ? 1e9 : 1;
  return run.at("real_time").get<double>() * scale;
}

Placement choose_claim_placement(ClaimPlacement placement, const std::vector<int>& allowed) {
  if (placement == ClaimPlacement::kShared) {
    return {false, {allowed.front()}, {allowed.front()}};
  }
  return placement == ClaimPlacement::kAll ? Placement{false, allowed, allowed} : choose_placement(allowed);
}

Cell make_claim_cell(const ClaimCase& of_case, const ClaimSide& side) {
  // Such a metric is read after the window alone, see asks_about_memory().
  const bool memory = of_case.metric == "memory_total_bytes" || of_case.metric == "machine_slab_bytes";
  return {.id = of_case.id,
          .experiment = of_case.id,
          .server = side.server.name,
          .parameter = memory ? "idle_connections" : "",
          .value = nullptr,
          .aa = false,
          .workload = *side.workload,
          .warmup = {of_case.warmup},
          .duration = of_case.window,
          .interleaved = false};
}

std::vector<ArmRecord> read_benchmarks(const Json& output, const ClaimCase& of_case) {
  std::vector<double> base;
  std::vector<double> now;
  std::vector<double> control;
  std::string base_error;
  std::string new_error;
  std::size_t turn = 0;
  for (const Json& run : output.is_object() ? output.value("benchmarks", Json::array()) : Json::array()) {
    if (run.value("run_type", "") != "iteration") {
      continue;
    }
    const std::string name = run.value("run_name", run.value("name", ""));
    const bool is_base = name == of_case.base->benchmark;
    if (run.value("error_occurred", false)) {
      (is_base ? base_error : new_error) = run.value("error_message", "it cannot run here");
    } else if (is_base) {
      (turn++ % 2 == 0 ? base : control).push_back(read_benchmark_time(run));
    } else {
      now.push_back(read_benchmark_time(run));
    }
  }
  const std::string& base_name = of_case.base->benchmark;
  return {make_arm(base, base_error, base_name), make_arm(now, new_error, of_case.now.benchmark),
          make_arm(control, base_error, base_name)};
}

UnitRecord measure_claim_unit(const RoundContext& context, const std::vector<int>& allowed, const ClaimCase& of_case,
                              UnitDesign design, std::uint64_t seed) {
  const net::TimePoint begun = net::now();
  UnitRecord record{.case_id = of_case.id, .interleaved = of_case.calls};
  if (of_case.calls) {
    record.arms = measure_calls(context, allowed, of_case);
  } else {
    measure_servers(context, allowed, of_case, design, seed, record);
  }
  record.seconds = net::to_seconds(net::now() - begun);
  return record;
}

}  // namespace fanin::harness
