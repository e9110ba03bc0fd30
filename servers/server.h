#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/clock.h"
#include "protocols/registry.h"
#include "servers/listener.h"

namespace fanin {

struct ServerOptions {
  std::string protocol = "echo";
  std::string bind = "127.0.0.1";
  std::uint16_t port = 0;
  int backlog = 4096;
  std::size_t read_cap = 16384;
  int accept_batch = 64;
  std::size_t max_connections = 0;
  std::string cpus;
  Nanoseconds drain_grace = std::chrono::seconds(2);
  bool allow_remote = false;
  ServerProtocolOptions protocol_options;
};

// What a model is given to serve with: options, listening sockets, and sessions of the chosen protocol. Owned by main;
// the options and make_session() may be used from any thread.
class Server {
 public:
  // Listens. Throws std::invalid_argument or std::system_error naming what is wrong.
  explicit Server(ServerOptions options);

  const ServerOptions& options() const noexcept { return options_; }
  std::vector<Listener>& listeners() noexcept { return listeners_; }
  std::unique_ptr<ServerSession> make_session() const { return sessions_(); }

  void set_nonblocking();
  // For a forked child that only serves a connection.
  void close_listeners() noexcept;

 private:
  ServerOptions options_;
  SessionFactory sessions_;
  std::vector<Listener> listeners_;
};

}  // namespace fanin
