#pragma once

#include <cstdint>
#include <string>

#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "harness/rounds/control_channel.h"
#include "harness/rounds/monitor.h"
#include "harness/rounds/round.h"
#include "harness/rounds/server_under_test.h"
#include "harness/suite/plan.h"
#include "os/child_process.h"

namespace fanin::harness {

// One run of the generator against a server that is ready, with the readings that its control channel asks for. Owns
// the generator's process. One thread.
class LoadRun {
 public:
  LoadRun(const Rig& rig, ServerUnderTest& server, const Cell& cell, std::uint64_t seed);

  // Runs it to its end. Throws RoundFailure where the server or the generator fails or does not end in time, and
  // Interrupted.
  void run(int interrupt_fd);

  // What a reader of the round should know although nothing failed; empty where there is nothing.
  std::string remark() const;

  const Json& result() const noexcept { return result_; }

  // The readings as the keys of a round's "server" and "machine"; null where the window did not get so far.
  void add_server_readings(Json& server) const;
  Json machine_readings() const;

 private:
  void handle(const ControlEvent& event);
  void all_connected();
  void open_window();
  void close_window();
  void collect_result();
  void add_memory(Json& server) const;
  std::optional<double> stretch(TimePoint read_at) const;

  ServerUnderTest& server_;
  Nanoseconds time_limit_;
  ControlChannel control_;
  Monitor monitor_;
  bool memory_alone_;  // see asks_about_memory()
  Nanoseconds settling_limit_;
  std::map<std::string, std::int64_t> netstat_before_;
  std::optional<std::uint64_t> kernel_stack_size_;
  std::optional<std::uint64_t> slab_before_;  // the server is up, the generator is not there yet
  ChildProcess process_;

  std::optional<TimePoint> opened_at_;  // by the generator's word; the readings come later
  std::optional<TimePoint> closed_at_;
  TimePoint cpu_opened_read_at_;
  MachineReading machine_opened_;
  MachineReading machine_closed_;
  std::optional<CpuReading> cpu_opened_;
  std::optional<CpuReading> cpu_closed_;
  std::optional<Switches> switches_opened_;
  std::optional<Switches> switches_closed_;
  std::optional<std::uint64_t> slab_connected_;
  std::optional<Footprint> footprint_;
  Json result_;
};

}  // namespace fanin::harness
