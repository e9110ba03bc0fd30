#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/plan/plan.h"
#include "loadgen/records/histogram.h"
#include "loadgen/reports/result.h"
#include "loadgen/reports/verdict.h"
#include "os/files.h"

namespace fanin::load {

// What a driver reaches at most here: a closed loop of 64-byte echoes over 50 connections from one event loop (or 50
// threads), against a server that does nothing else.
struct DriverCeiling {
  DriverKind driver = DriverKind::kEpoll;
  std::optional<double> measured_per_s;  // none: it does not run here, or its run was invalid
  std::string reason;                    // then why
  std::optional<double> generator_ns_per_request;
  std::optional<double> generator_utilisation;  // see Verdict

  // A ceiling is one only where the generator was saturated: else its server was the slower one.
  bool reached() const noexcept { return measured_per_s && generator_utilisation.value_or(0) >= kSaturated; }
  // Why it is none; empty: it is one.
  std::string why_none() const;
};

// What this machine lets the generator do, and how well it keeps time. A value.
struct Calibration {
  WallTime started_at{};
  std::string kernel;  // release
  std::string cpu;     // model
  std::vector<int> generator_cpus;
  std::vector<int> server_cpus;
  std::vector<DriverCeiling> ceilings;
  double clock_ns = 0;  // of reading the clock once
  Histogram delay_asleep;
  Histogram delay_spinning;
  Histogram shortest_sleep;
  double preemptions_per_s = 0;
  Nanoseconds longest_preemption{0};
};

// Fills in kernel and CPU.
void describe_machine(Calibration& calibration);

std::string calibration_text(const Calibration& calibration);
nlohmann::ordered_json calibration_json(const Calibration& calibration);  // results/schema/calibration.schema.json

struct CeilingRead {
  std::optional<double> per_s;  // and event loop; none: the calibration did not reach it
  std::string reason;           // then why
};

// The ceiling of a driver, as a file written by `fanin-load calibrate` says. Throws std::invalid_argument where it says
// nothing: no such JSON, another machine, a driver that did not run.
CeilingRead read_ceiling(const InputFile& file, DriverKind driver);

}  // namespace fanin::load
