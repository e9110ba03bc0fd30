#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/clock.h"
#include "net/socket.h"
#include "protocols/server_session.h"
#include "servers/listener.h"

namespace fanin::server {

// Options of some models; each model's row names those that it supports.
struct ModelOptions {
  int processes = 1;                                      // processes that run the model
  std::string steer = "hash";                             // how the kernel picks the process: hash or source-ip
  int workers = 0;                                        // threads or processes; 0: the model's default
  std::string accept;                                     // how workers get connections; empty: the model's default
  std::string idle_strategy = "spin";                     // nonblocking: spin, yield or sleep when nothing is ready
  net::Nanoseconds sleep = std::chrono::milliseconds(1);  // nonblocking: time of `sleep`
  std::size_t queue = 1024;                               // pools: maximum of waiting connections or jobs
  int drain_budget = 16;                                  // edge-triggered: steps of one connection before the others
  std::size_t stack_bytes = 64 * 1024;                    // fiber: stack of one connection
  std::size_t signal_queue = 0;  // sigio: maximum of pending signals; 0: the limit of the system
  std::string mechanism;         // selector: forces one; empty: the best available
  unsigned ring_entries = 1024;  // io_uring: length of the submission queue
  unsigned buffers = 1024;       // io_uring: provided buffers, each of the read cap's size
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
  net::Nanoseconds drain_timeout = std::chrono::seconds(2);
  bool allow_remote = false;
  ModelOptions model;
};

// What a model serves with: options, listening sockets, and sessions of the protocol. Owned by main; options and
// make_session() may be used from any thread.
class Server {
 public:
  // `sessions` makes the sessions of options.protocol. Listens; with `reuse_port` so that more_listeners() can share
  // the ports. Throws std::invalid_argument or std::system_error.
  Server(ServerOptions options, protocols::SessionFactory sessions, bool reuse_port);

  const ServerOptions& options() const noexcept { return options_; }
  std::vector<Listener>& listeners() noexcept { return listeners_; }
  std::unique_ptr<protocols::ServerSession> make_session() const { return sessions_(); }

  // Calls `call` with the descriptor of a connection that was shut down because its peer does not read pushed output:
  // for models whose kernel interface does not report the program's own shutdown(). Runs on the thread that pushed. Set
  // it before the first connection.
  void on_cut_off(std::function<void(int fd)> call) { on_cut_off_ = std::move(call); }
  void cut_off(int fd) const {
    if (on_cut_off_) {
      on_cut_off_(fd);
    }
  }

  // Blocks until a connection arrives on any listener; none after the stop. `open()` is the number of connections being
  // served, for --max-connections.
  net::Descriptor next_connection(const std::function<std::size_t()>& open = [] { return std::size_t{0}; });

  // Blocks until the stop: for the main thread of models whose other threads serve.
  void wait_for_stop() const;

  // For models with a loop per worker: new non-blocking listeners on the same ports (SO_REUSEPORT), watched by the stop
  // handler.
  std::vector<Listener> more_listeners();

  // The same server with its own listeners on the same ports, for another process. This process's stop handler watches
  // them.
  Server replica() const;

  // Makes all listeners and the sockets that they accept non-blocking.
  void set_nonblocking();
  // Makes accepted sockets non-blocking; accept() still blocks. For a thread that accepts on behalf of loops.
  void accept_nonblocking();
  // For a forked child that serves one connection.
  void close_listeners() noexcept;

 private:
  Server(const Server& original, std::vector<Listener> listeners);
  // One attempt of next_connection(). Never kNone.
  Listener::Accepted accept(std::size_t open);
  void listen(const net::Address& address);
  std::vector<Listener> listen_again(bool nonblocking) const;
  void let_accept_wait_for_all();

  ServerOptions options_;
  bool reuse_port_;
  protocols::SessionFactory sessions_;
  std::vector<net::SocketFile> socket_files_;  // of Unix-domain listeners
  std::vector<Listener> listeners_;
  std::function<void(int)> on_cut_off_;
};

}  // namespace fanin::server
