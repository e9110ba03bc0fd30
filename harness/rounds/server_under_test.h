#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/suite/suite.h"
#include "harness/suite/workload.h"
#include "os/child_process.h"
#include "os/temporary_directory.h"

namespace fanin::harness {

// Ends a round, not the run.
struct RoundFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The generator ended without a result, or was killed.
struct GeneratorFailure : RoundFailure {
  using RoundFailure::RoundFailure;
};

// A resource is missing, which is no server's fault: ends the run without a round.
struct RunFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The user asked to stop (Ctrl-C).
struct Interrupted {};

struct ListeningPlace {
  std::string host;
  std::uint16_t port;
};

// The first TCP port of fanin-server's READY line. Throws RoundFailure if it is none, or names no TCP port.
ListeningPlace parse_ready_line(const std::string& line);

struct ServerStart {
  std::string program;      // fanin-server
  std::vector<int> cpus;    // that the server is pinned to
  std::size_t padding = 0;  // bytes that are added to its environment, which moves its stack
  std::string share = {};   // of Placeholders
  std::string build = {};
};

// A fresh process of one server. A command may be a wrapper or a launcher: everything that it leaves running is the
// server. Owns it; the destructor kills it. One thread.
class ServerUnderTest {
 public:
  // Starts a model or the command line of `spec` on a free loopback port. Throws CannotStart if the program cannot be
  // executed, std::system_error if the harness lacks a resource.
  ServerUnderTest(const ServerSpec& spec, const Workload& workload, const ServerStart& start);

  // Waits for the READY line, or until a command accepts connections. Throws RoundFailure after 60 s, and Interrupted.
  void wait_ready(int interrupt_fd);

  os::ChildProcess& process() noexcept { return process_; }
  const os::ChildProcess& process() const noexcept { return process_; }
  // The process whose tree is the server: the reaper for a command of several processes, which may be a launcher that
  // is about to end.
  pid_t root() const;
  std::string target() const;                                           // "127.0.0.1:40001"
  net::Nanoseconds ready_time() const noexcept { return ready_time_; }  // from the start to readiness
  bool is_command() const noexcept { return is_command_; }

  // How a server ended that was not stopped, with its last line on stderr. Requires that it has ended.
  std::string describe_end() const;

  // Sends SIGTERM and reads the counters from the last line (null for a command, or after a crash). Returns why the end
  // was not clean; empty: it was.
  std::string stop_and_collect(Json& counters);

 private:
  bool connects() const;
  void read_ready_line();

  bool is_command_;
  std::uint16_t port_;  // 0 until the READY line says it
  std::string host_ = "127.0.0.1";
  net::Nanoseconds stop_timeout_;
  std::unique_ptr<os::TemporaryDirectory> scratch_;  // null: its words name none
  net::TimePoint started_;
  net::Nanoseconds ready_time_{};
  os::ChildProcess process_;
};

}  // namespace fanin::harness
