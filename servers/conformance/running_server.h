#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/socket.h"
#include "servers/conformance/child_process.h"
#include "servers/conformance/target.h"

namespace fanin::conformance {

// The counters line of a server; every case checks its sums.
class Counters {
 public:
  Counters() = default;
  // Throws Failure if the line is no counters line.
  explicit Counters(const std::string& line);

  // Absent counters are 0.
  std::uint64_t get(const char* group, const char* key) const;
  std::uint64_t refused() const;
  std::uint64_t closed() const;

 private:
  nlohmann::json counters_;
};

// Differences from a server without options.
struct ServerStart {
  std::vector<std::string> options;
  std::optional<std::uint64_t> descriptor_limit;
  std::optional<std::uint64_t> stack_limit;
  int inherited_descriptors = 0;
};

// The command line for `target`, as a child of this program.
ChildStart server_command(const Target& target, const ServerStart& start = {});

// A server of the target on a free port of 127.0.0.1. Owns its process. One thread.
class RunningServer {
 public:
  // Waits for the READY line and checks it. Throws Failure if there is none.
  explicit RunningServer(const Target& target, const ServerStart& start = {});
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  // Reports the server's standard error if stop() was not reached.
  ~RunningServer();

  const Address& address() const noexcept { return addresses_.front(); }
  const std::vector<Address>& addresses() const noexcept { return addresses_; }
  pid_t pid() const noexcept { return process_.pid(); }

  void send_signal(int signal) const noexcept { process_.send_signal(signal); }

  // SIGTERM, then finish().
  Counters stop();
  // After a signal: expects the counters, exit status 0 and that every accepted connection was closed or refused.
  // Reports failures to GoogleTest.
  Counters finish();

 private:
  ChildProcess process_;
  std::vector<Address> addresses_;
  bool finished_ = false;
};

}  // namespace fanin::conformance
