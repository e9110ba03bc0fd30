#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "harness/json/json_reader.h"
#include "harness/suite/suite.h"
#include "harness/suite/workload.h"
#include "os/child_process.h"

namespace fanin::harness {

// Something went wrong that ends a round, not the suite.
struct RoundFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The generator ended without a result, or was killed.
struct GeneratorFailure : RoundFailure {
  using RoundFailure::RoundFailure;
};

// Something that no server is to blame for is not to be had: it ends the run, and no round shows it.
struct RunFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The user asked to stop (Ctrl-C).
struct Interrupted {};

// The command line of a server with what belongs into its placeholders: {port}, and {processes}, as many as the
// workload's connections need where each process may hold `descriptors`. `program` is fanin-server.
std::vector<std::string> server_command(const ServerSpec& spec, const Workload& workload, const std::string& program,
                                        std::uint16_t port, std::uint64_t descriptors);

struct ListeningPlace {
  std::string host;
  std::uint16_t port;
};

// The first TCP port of fanin-server's READY line. Throws RoundFailure where it is none, or names no TCP port.
ListeningPlace parse_ready_line(const std::string& line);

// A fresh process of one server, ready to be measured. A command may be a wrapper or a launcher: all that it leaves
// running is the server. Owns it; the destructor kills it. One thread.
class ServerUnderTest {
 public:
  // Starts a model of `program` (fanin-server) or the command line of `spec`, pinned to `cpus`, on a free loopback
  // port. Throws CannotStart where the program cannot be executed, std::system_error where the harness lacks something.
  ServerUnderTest(const ServerSpec& spec, const Workload& workload, const std::string& program,
                  const std::vector<int>& cpus);

  // Waits for the READY line, or until a command accepts connections. Throws RoundFailure where it does not get there
  // in 15 s, and Interrupted.
  void wait_ready(int interrupt_fd);

  ChildProcess& process() noexcept { return process_; }
  // The process whose tree is the server. A command that is several processes may be a launcher that ends now: it has
  // the reaper.
  pid_t root() const;
  std::string target() const;                                      // "127.0.0.1:40001"
  Nanoseconds ready_time() const noexcept { return ready_time_; }  // from the start to readiness
  bool is_command() const noexcept { return is_command_; }

  // Why a server that has ended by itself is to blame, with its last words; only where it has ended.
  std::string describe_end() const;

  // SIGTERM, and the counters from its last line (null for a command, or where it died). Returns the reason why the
  // end was not clean, empty where it was.
  std::string stop_and_collect(Json& counters);

 private:
  bool connects() const;
  void read_ready_line();

  bool is_command_;
  std::uint16_t port_;  // 0 until the READY line says it
  std::string host_ = "127.0.0.1";
  Nanoseconds stop_timeout_;
  TimePoint started_;
  Nanoseconds ready_time_{};
  ChildProcess process_;
};

}  // namespace fanin::harness
