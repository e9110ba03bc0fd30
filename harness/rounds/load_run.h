#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "harness/rounds/control_channel.h"
#include "harness/rounds/monitor.h"
#include "harness/rounds/round.h"
#include "harness/rounds/server_under_test.h"
#include "harness/suite/plan.h"
#include "net/clock.h"
#include "os/child_process.h"

namespace fanin::harness {

// The window as the generator reports it; the harness's readings come later.
struct MeasuredWindow {
  std::optional<net::TimePoint> opened_at;
  std::optional<net::TimePoint> closed_at;

  // A difference since `read_at` covers a little less than the window: the first reading comes late, because the
  // harness waits for the CPU that the generator keeps busy. This factor scales the difference to all of the window.
  // Empty if it covers less than half of the window.
  std::optional<double> scale_factor(net::TimePoint read_at) const;
};

// The command line of the generator for a cell: targets, workload, window and seed; without output and control socket.
std::vector<std::string> generator_command(const std::string& program, const std::vector<std::string>& targets,
                                           const Cell& cell, std::uint64_t seed);

// The readings of one server around a window: CPU time, context switches, memory. One thread.
class ServerReadings {
 public:
  // `only_memory`: nothing is read before the end, see asks_about_memory().
  ServerReadings(pid_t reaper, bool only_memory) : monitor_(reaper), only_memory_(only_memory) {}

  // All connections are up, the window has not opened. Looks again until the server's tasks stay the same.
  void discover(net::TimePoint deadline);
  void open();
  void close();
  bool complete() const noexcept { return footprint_.has_value(); }

  // Sets the keys of a round's "server"; what was not read stays null. `load`: the generator's result.
  void add_to(Json& server, const MeasuredWindow& window, const Json& load) const;

 private:
  void add_memory(Json& server) const;

  Monitor monitor_;
  bool only_memory_;
  std::optional<std::uint64_t> kernel_stack_size_ = read_kernel_stack_size();
  net::TimePoint opened_read_at_;
  net::Nanoseconds opened_since_boot_{};
  std::optional<CpuReading> cpu_opened_;
  std::optional<CpuReading> cpu_closed_;
  std::optional<Switches> switches_opened_;
  std::optional<Switches> switches_closed_;
  std::optional<Footprint> footprint_;
};

// One run of the generator against servers that are ready, with readings at the events of its control channel. Several
// servers are interleaved: each is driven for the cell's duration. Owns the generator's process. One thread.
class LoadRun {
 public:
  // All servers are driven with the workload of `cell`. They must outlive this.
  LoadRun(const RoundContext& context, std::vector<ServerUnderTest*> servers, const Cell& cell, std::uint64_t seed);

  // Runs it to its end. Throws RoundFailure if the generator, or the only server, fails or does not end in time, and
  // Interrupted.
  void run(int interrupt_fd);

  // What a reader of a round that did not fail should know; empty: nothing.
  std::string note() const;

  // The generator's result for one server; null if there is none.
  Json result(std::size_t server) const;

  // Sets the readings of one server as the keys of a round's "server".
  void add_server_readings(std::size_t server, Json& json) const;
  // The keys of a round's "machine". What belongs to no single server is null if there are several.
  Json machine_readings() const;

 private:
  void handle(const ControlEvent& event);
  void on_established();
  void open_window();
  void close_window();
  void collect_result();
  bool is_single() const noexcept { return servers_.size() == 1; }

  std::vector<ServerUnderTest*> servers_;
  net::Nanoseconds time_limit_;
  ControlChannel control_;
  bool only_memory_;  // see asks_about_memory()
  std::vector<ServerReadings> readings_;
  net::Nanoseconds settling_timeout_;
  std::map<std::string, std::int64_t> netstat_before_;
  std::optional<std::uint64_t> slab_before_;  // the server is up, the generator is not there yet
  os::ChildProcess process_;

  MeasuredWindow window_;
  MachineReading machine_opened_;
  MachineReading machine_closed_;
  std::optional<std::uint64_t> slab_connected_;
  Json result_;
};

}  // namespace fanin::harness
