#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.h"
#include "protocols/registry.h"
#include "servers/conformance/process.h"

namespace fanin::conformance {

// A model as listed by `fanin-server list --json`.
struct ModelTraits {
  std::string name;
  std::optional<std::string> unsupported;  // why this machine cannot run it
  std::vector<std::string> protocols;      // protocols that it serves
  std::optional<int> max_descriptor;       // the highest descriptor that it can watch
  std::optional<std::size_t> concurrency;  // connections served at once; others wait. None: no limit
  bool one_thread = false;                 // in each of its processes
  bool signal_queue = false;               // readiness arrives in a bounded queue of signals
  bool spins = false;                      // polls all the time: its CPU time means nothing
  bool replicates = false;                 // takes --processes
  bool steers = false;                     // takes --steer
  bool accepts_in_workers = false;         // the kernel distributes connections over workers
  bool worker_processes = false;           // pre-forked, and replaced when they die
};

// Runs the server program. Throws std::runtime_error naming it if it fails or prints no list.
std::vector<ModelTraits> read_catalog(const std::string& server_program);

// The server program's help text, for options that only some versions have.
std::string read_help(const std::string& server_program);

// A directory with one file for one run of the suite. Owns both: the destructor removes them. One thread.
class DocumentRoot {
 public:
  // Throws std::system_error if they cannot be written.
  DocumentRoot(const std::string& file, std::size_t bytes);
  DocumentRoot(const DocumentRoot&) = delete;
  DocumentRoot& operator=(const DocumentRoot&) = delete;
  ~DocumentRoot();

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// How the suite uses a protocol: options of both ends, and limits. A value.
struct ProtocolSetup {
  std::vector<std::string> server_options;
  std::optional<std::size_t> reply_bytes;  // an option of the client
  // Allowed sizes of a payload.
  std::size_t shortest_payload = 1;
  std::size_t longest_payload = std::size_t{1} << 30;
  // Requests per burst, enough to fill the buffers many times.
  std::size_t burst = 4000;
  // Replies are about as long as their requests, so that all replies to a flood can be read.
  bool balanced = true;
  // Input of one connection reaches the others, and a connection that does not read is closed.
  bool broadcasts = false;
  // The server opens descriptors for its replies.
  bool opens_descriptors = false;
};

// The setup of a protocol, or the defaults. Throws std::system_error if a file to serve cannot be written.
ProtocolSetup make_setup(std::string_view protocol);

// An anti-pattern has a known fault. Why `model` is exempt from the case `name` of a protocol, or nothing.
std::optional<std::string> exempt(std::string_view model, std::string_view protocol, std::string_view name);

// A model serving a protocol, the target of a case. A value; the protocol's row lives as long as the program.
struct Target {
  std::string server_program;
  ModelTraits model;
  const protocols::Protocol* protocol = nullptr;
  ProtocolSetup setup;
  bool quick = false;  // the subset before a measurement: short forms
  // Cases about the model alone run only with its first selected protocol.
  bool default_protocol = false;
  bool several_ports = false;  // the server program knows --listen

  // A client with this payload size, within the limits of the protocol.
  std::unique_ptr<protocols::ClientProtocol> client_half(std::size_t payload_bytes = 64) const;
  // The number of `wanted` connections that the model serves at the same time.
  std::size_t at_once(std::size_t wanted) const { return std::min(wanted, model.concurrency.value_or(wanted)); }
};

// The counters line of a server; every case checks its sums.
class Counters {
 public:
  Counters() = default;
  // Throws Failure if the line is no counters line.
  explicit Counters(const std::string& line);

  // Absent counters are 0.
  std::uint64_t get(const char* group, const char* key) const;
  // A list of counts at the top; empty if there is none.
  std::vector<std::uint64_t> list(const char* key) const;
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

  const net::Address& address() const noexcept { return addresses_.front(); }
  const std::vector<net::Address>& addresses() const noexcept { return addresses_; }
  pid_t pid() const noexcept { return process_.pid(); }

  void send_signal(int signal) const noexcept { process_.send_signal(signal); }

  // SIGTERM, then finish().
  Counters stop();
  // After a signal: expects the counters, exit status 0 and that every accepted connection was closed or refused.
  // Reports failures to GoogleTest.
  Counters finish();

 private:
  ChildProcess process_;
  std::vector<net::Address> addresses_;
  bool finished_ = false;
};

}  // namespace fanin::conformance
