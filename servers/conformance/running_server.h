#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/socket.h"
#include "servers/conformance/child_process.h"
#include "servers/conformance/subject.h"

namespace fanin::conformance {

// The last line of a server, of which every case checks that it adds up.
class Counters {
 public:
  Counters() = default;
  // Takes the line as printed. Throws Failure where it is none.
  explicit Counters(const std::string& line);

  // Kinds that a model never uses may be absent: 0.
  std::uint64_t get(const char* group, const char* key) const;
  std::uint64_t refused() const;
  std::uint64_t closed() const;

 private:
  nlohmann::json counters_;
};

// What differs from a server started with no options.
struct ServerStart {
  std::vector<std::string> options;
  std::optional<std::uint64_t> descriptor_limit;
  std::optional<std::uint64_t> stack_limit;
  int inherited_descriptors = 0;
};

// The command line for `subject`, as a child of this program.
ChildStart server_command(const Subject& subject, const ServerStart& start = {});

// A server of the subject on a free port of 127.0.0.1. Owns its process. One thread.
class RunningServer {
 public:
  // Waits for the READY line and checks it. Throws Failure where none comes.
  explicit RunningServer(const Subject& subject, const ServerStart& start = {});
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  // Reports what the server wrote to its standard error if stop() was not reached.
  ~RunningServer();

  const Address& address() const noexcept { return addresses_.front(); }
  const std::vector<Address>& addresses() const noexcept { return addresses_; }
  pid_t pid() const noexcept { return process_.pid(); }

  void send_signal(int signal) const noexcept { process_.send_signal(signal); }

  // SIGTERM, then finish().
  Counters stop();
  // For a server that has been told to stop: expects its counters, an end with status 0 and that every connection
  // accepted was closed or refused. Failures are reported to the test framework.
  Counters finish();

 private:
  ChildProcess process_;
  std::vector<Address> addresses_;
  bool finished_ = false;
};

}  // namespace fanin::conformance
