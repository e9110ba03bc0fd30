// io-uring: one thread, completion I/O, one operation at a time per connection.
//
// Idea: The program does not wait for readiness and then read: it asks the kernel to accept, to receive, to send,
//   and gets a completion. Requests and completions pass through two rings in shared memory, so one io_uring_enter
//   submits all new requests and collects all completions.
// Costs per connection: a receive buffer. The kernel needs the buffer before the bytes arrive, so an idle connection
//   holds --read-cap bytes (pages that are never written to stay unallocated; 64-byte requests touch one). Per
//   request: two operations, a receive and a send, each with its share of an io_uring_enter: two whole calls with
//   one busy connection, nearly none with hundreds.
// Requires: io_uring with EXT_ARG (Linux 5.11), not forbidden by kernel.io_uring_disabled or seccomp.
// Known limit: RLIMIT_NOFILE; the buffer memory of idle connections.
// Try: fanin-server io-uring --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `epoll`: the kernel does the I/O as well as the waiting. A connection has exactly one operation in
//   flight and is closed by its completion, so the kernel never holds a buffer of a closed connection.
#include <memory>

#include "servers/connection.h"
#include "servers/model.h"
#include "servers/uring/ring.h"

namespace fanin::server {
namespace {

enum Kind : std::uint8_t { kReceive, kSend };

struct Client {
  std::unique_ptr<Connection> connection;
  std::unique_ptr<char[]> input;
};

class UringLoop {
 public:
  explicit UringLoop(Server& server)
      : server_(server),
        ring_(server.options().model.ring_entries, {0}),
        acceptor_(ring_, server, RingAcceptor::Shots::kOne) {}

  void run() {
    serve_until_drained(ring_, clients_, [this](const Completion& completion) { on_completion(completion); });
  }

 private:
  void on_completion(const Completion& completion) {
    if (RingAcceptor::owns(completion)) {
      return admit(acceptor_.on_completion(completion, clients_.size()));
    }
    const auto [tag, result, flags] = completion;
    const Client& client = *clients_.find(tag.owner);
    const auto length = static_cast<std::size_t>(result);
    if (result < 0 || (result == 0 && tag.kind == kReceive)) {
      resume(tag.owner, client.connection->on_end(-result));
    } else if (tag.kind == kReceive) {
      resume(tag.owner, client.connection->on_received({client.input.get(), length}));
    } else {
      resume(tag.owner, client.connection->on_sent(length));
    }
  }

  void admit(Listener::Accepted accepted) {
    if (accepted.status == Listener::Status::kConnection) {
      auto connection = std::make_unique<Connection>(std::move(accepted.socket), server_);
      const Connection::Next next = connection->start();
      auto input = std::make_unique_for_overwrite<char[]>(server_.options().read_cap);
      resume(clients_.insert({std::move(connection), std::move(input)}), next);
    } else if (accepted.status == Listener::Status::kStopped) {
      shutdown_all(clients_, SHUT_RD);
    }
  }

  // Starts the one operation that the connection waits for, or destroys the connection.
  void resume(SlotId id, Connection::Next next) {
    if (next == Connection::Next::kClose) {
      return clients_.erase(id);
    }
    const Client& client = *clients_.find(id);
    const int fd = client.connection->fd();
    if (next == Connection::Next::kWrite) {
      ring_.send(fd, client.connection->unsent(), {kSend, id});
    } else {
      io_uring_sqe* operation = ring_.next();
      ::io_uring_prep_recv(operation, fd, client.input.get(), server_.options().read_cap, 0);
      Ring::set_tag(operation, {kReceive, id});
    }
  }

  Server& server_;
  SlotTable<Client> clients_;
  Ring ring_;  // destroyed before the buffers
  RingAcceptor acceptor_;
};

std::optional<std::string> probe() {
  return net::why_no_io_uring({{IORING_OP_ACCEPT, "5.5"}, {IORING_OP_SEND, "5.6"}, {IORING_OP_RECV, "5.6"}});
}

void run(Server& server) { UringLoop(server).run(); }

}  // namespace

extern const ServerModel kIoUring{.name = "io-uring",
                                  .summary = "one thread, io_uring, one operation at a time for each connection",
                                  .run = run,
                                  .probe = probe,
                                  .family = "completion",
                                  .threads = ServerModel::Threads::kOne,
                                  .takes = "ring-entries"};

}  // namespace fanin::server
