#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/plan/plan.h"
#include "loadgen/records/histogram.h"
#include "loadgen/reports/result.h"
#include "os/input_file.h"

namespace fanin {

// What a driver reaches at most here: a closed loop of 64-byte echoes over 50 connections from one event loop (or 50
// threads), against a server that does nothing else.
struct DriverCeiling {
  DriverKind driver = DriverKind::kEpoll;
  std::optional<double> requests_per_s;  // none: it does not run here, or its run was invalid
  std::string reason;                    // then why
  std::optional<double> generator_ns_per_request;
  std::optional<double> busiest_thread_utilisation;
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
  double stalls_per_s = 0;
  Nanoseconds longest_stall{0};
};

// Fills in kernel and CPU.
void describe_machine(Calibration& calibration);

std::string calibration_text(const Calibration& calibration);
nlohmann::ordered_json calibration_json(const Calibration& calibration);  // results/schema/calibration.schema.json

// The ceiling of a driver, per second and event loop, as a file written by `fanin-load calibrate` says. Throws
// std::invalid_argument where there is none: no such JSON, another machine, a driver that did not run.
double read_ceiling(const InputFile& file, DriverKind driver);

}  // namespace fanin
