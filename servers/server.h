#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/clock.h"
#include "net/socket_file.h"
#include "protocols/registry.h"
#include "servers/listener.h"

namespace fanin::server {

// What some models can be told; each model's row says which of these it takes.
struct ModelOptions {
  int processes = 1;                   // copies of the model, each a process of its own
  std::string steer = "hash";          // how the kernel picks the process of a connection: hash or source-ip
  int workers = 0;                     // threads or processes made ahead; 0 takes the model's default
  std::string accept;                  // how workers get connections; empty takes the model's default
  std::string idle_strategy = "spin";  // nonblocking: spin, yield or sleep when nothing was ready
  Nanoseconds sleep = std::chrono::milliseconds(1);  // nonblocking: how long `sleep` is
  std::size_t queue = 1024;                          // pools: the most connections or jobs that wait for a worker
  int drain_budget = 16;                // edge-triggered: steps of one connection before the others have their turn
  std::size_t stack_bytes = 64 * 1024;  // fiber: stack of one connection
  std::size_t signal_queue = 0;         // sigio: how many signals may be pending; 0: as many as the system allows
  std::string mechanism;                // selector: forces one; empty takes the best there is
  unsigned ring_entries = 1024;         // io_uring: length of the submission queue
  unsigned buffers = 1024;              // io_uring: provided buffers, each of the read cap's size
};

struct ServerOptions {
  std::string protocol = "echo";
  std::string bind = "127.0.0.1";
  std::uint16_t port = 0;
  std::vector<std::string> listen;  // HOST:PORT each; where given, instead of bind and port
  int backlog = 4096;
  std::size_t read_cap = 16384;
  int accept_batch = 64;
  std::size_t max_connections = 0;
  std::string cpus;
  Nanoseconds drain_timeout = std::chrono::seconds(2);
  bool allow_remote = false;
  ServerProtocolOptions protocol_options;
  ModelOptions model;
};

// What a model is given to serve with: options, listening sockets, and sessions of the chosen protocol. Owned by main;
// the options and make_session() may be used from any thread.
class Server {
 public:
  // Listens; with `reuse_port` so that more_listeners() can share the ports. Throws std::invalid_argument or
  // std::system_error naming what is wrong.
  Server(ServerOptions options, bool reuse_port);

  const ServerOptions& options() const noexcept { return options_; }
  std::vector<Listener>& listeners() noexcept { return listeners_; }
  std::unique_ptr<ServerSession> make_session() const { return sessions_(); }

  // Has `call` told the descriptor of a connection that was shut down because its peer does not read what others push
  // to it: for models that the kernel does not tell of what the program itself has done. Called on the thread that
  // pushed; set it before there are connections.
  void on_cut_off(std::function<void(int fd)> call) { on_cut_off_ = std::move(call); }
  void cut_off(int fd) const {
    if (on_cut_off_) {
      on_cut_off_(fd);
    }
  }

  // Blocks until a connection comes on any of the listeners, for models that block. `open` as for Listener::accept().
  // Never kNone.
  Listener::Accepted accept(std::size_t open);

  // Blocks until the stop was asked for: for the main thread of models whose other threads do everything.
  void wait_for_stop() const;

  // For models with a loop per worker: non-blocking listeners of their own on the same ports (SO_REUSEPORT). The stop
  // handler watches them.
  std::vector<Listener> more_listeners();

  // The same server with listeners of its own on the same ports, for another process. The stop handler of this process
  // watches them.
  Server replica() const;

  // All listeners, and the sockets that they accept, do not block from now on.
  void set_nonblocking();
  // The sockets that they accept do not block from now on; accept() goes on waiting. For a thread that accepts for
  // loops.
  void accept_nonblocking();
  // For a forked child that only serves a connection.
  void close_listeners() noexcept;

 private:
  Server(const Server& original, std::vector<Listener> listeners);
  void listen(const Address& address);
  std::vector<Listener> listen_again(bool nonblocking) const;
  void let_accept_wait_for_all();

  ServerOptions options_;
  bool reuse_port_;
  SessionFactory sessions_;
  std::vector<SocketFile> socket_files_;  // of Unix-domain listeners
  std::vector<Listener> listeners_;
  std::function<void(int)> on_cut_off_;
};

}  // namespace fanin::server
