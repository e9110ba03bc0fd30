#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/drivers/loop_clock.h"
#include "loadgen/plan/driver_kind.h"
#include "loadgen/plan/plan.h"
#include "loadgen/records/clock.h"
#include "loadgen/records/histogram.h"
#include "loadgen/reports/result.h"
#include "loadgen/reports/verdict.h"
#include "os/files.h"

namespace fanin::load {

// The highest rate of a driver on this machine: a closed loop of 64-byte echoes over 50 connections from one event loop
// (or 50 threads), against a minimal server.
struct DriverCeiling {
  DriverKind driver = DriverKind::kEpoll;
  std::optional<double> measured_per_s;  // none: it does not run here, or its run was invalid
  std::string reason;                    // then why
  std::optional<double> generator_ns_per_request;
  std::optional<double> generator_utilisation;  // see Verdict

  // The ceiling is reached only if the generator was saturated; else the server was the limit.
  bool reached() const noexcept { return measured_per_s && generator_utilisation.value_or(0) >= kSaturated; }
  // Why the ceiling was not reached; empty: it was.
  std::string why_none() const;
};

// The generator's ceilings and timer accuracy on this machine. A value.
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

// The ceiling of a driver from a file of `fanin-load calibrate`. Throws std::invalid_argument for another file or
// machine, and for a driver that did not run.
CeilingRead read_ceiling(const os::InputFile& file, DriverKind driver);

// `fanin-load calibrate [--cpus LIST] [--json FILE]`. Returns the exit code; throws for bad input.
int calibrate(int argc, char** argv);

// Timer accuracy, measured in the calling thread.

// Cost of one reading of the clock: the median over batches, so preemptions do not count.
double clock_cost_ns();

// How late `times` waits of a millisecond end: asleep as an event loop sleeps, or spinning.
Histogram wake_up_delays(IdleStrategy kind, int times);

// The shortest possible sleeps: the lengths of `times` sleeps of a microsecond.
Histogram shortest_sleeps(int times);

// Preemptions of a thread that only reads the clock for this time.
BusyPollMeter::Preemptions preemptions_within(Nanoseconds length);

}  // namespace fanin::load
