#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "harness/rounds/monitor.h"
#include "harness/rounds/round.h"
#include "harness/rounds/server_under_test.h"
#include "harness/suite/plan.h"
#include "net/clock.h"
#include "net/descriptor.h"
#include "os/child_process.h"

namespace fanin::harness {

struct ControlEvent {
  std::string name;
  std::optional<TimePoint> at;  // when it happened, for the window's borders
};

// The harness's end of fanin-load's control socket (docs/contracts.md): JSON lines come in, a newline lets the
// generator go on. One thread.
class ControlChannel {
 public:
  ControlChannel();

  int generator_end() const noexcept { return theirs_.get(); }
  void close_generator_end() noexcept { theirs_.reset(); }  // once the generator has its copy
  int fd() const noexcept { return ours_.get(); }           // -1 after the generator has closed its end

  bool has_event();

  // The next event that has arrived, nothing where there is none. A line that is no event counts as one called "?".
  std::optional<ControlEvent> next_event();

  void release();  // lets the generator close its connections

 private:
  void drain();

  Descriptor ours_;
  Descriptor theirs_;
  std::string partial_;
  std::deque<std::string> lines_;
};

// One run of the generator against a server that is ready, with readings at the events of its control channel. Owns
// the generator's process. One thread.
class LoadRun {
 public:
  LoadRun(const RoundContext& context, ServerUnderTest& server, const Cell& cell, std::uint64_t seed);

  // Runs it to its end. Throws RoundFailure if the server or the generator fails or does not end in time, and
  // Interrupted.
  void run(int interrupt_fd);

  // What a reader of a round that did not fail should know; empty: nothing.
  std::string note() const;

  const Json& result() const noexcept { return result_; }

  // The readings as the keys of a round's "server" and "machine"; null where the window did not get so far.
  void add_server_readings(Json& server) const;
  Json machine_readings() const;

 private:
  void handle(const ControlEvent& event);
  void on_established();
  void open_window();
  void close_window();
  void collect_result();
  void add_memory(Json& server) const;
  std::optional<double> scale_factor(TimePoint read_at) const;

  ServerUnderTest& server_;
  Nanoseconds time_limit_;
  ControlChannel control_;
  Monitor monitor_;
  bool only_memory_;  // see asks_about_memory()
  Nanoseconds settling_timeout_;
  std::map<std::string, std::int64_t> netstat_before_;
  std::optional<std::uint64_t> kernel_stack_size_;
  std::optional<std::uint64_t> slab_before_;  // the server is up, the generator is not there yet
  ChildProcess process_;

  std::optional<TimePoint> opened_at_;  // as the generator says; the readings come later
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
