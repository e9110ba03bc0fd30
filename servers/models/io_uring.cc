// io-uring: one thread, completion I/O, one operation at a time for each connection.
//
// Idea: the program does not wait until it may read and then read: it asks the kernel to accept, to receive, to send,
//   and is told when that has been done. Requests and completions pass through two rings in shared memory, so that one
//   system call (io_uring_enter) hands over all that was asked since the last one and collects all that is done.
// Costs per connection: a receive buffer. The kernel needs to know where to put the bytes before they come, so an idle
//   connection holds a whole buffer of --read-cap bytes (pages never written to are not real; 64-byte requests touch
//   one). Per request: two operations, a receive and a send, each with its share of an io_uring_enter: two whole ones
//   where a single connection is busy, next to nothing where hundreds are.
// Needs of the kernel: io_uring with EXT_ARG (Linux 5.11), not forbidden by kernel.io_uring_disabled or seccomp.
// Known limit: RLIMIT_NOFILE; the memory of the idle connections' buffers.
// Try: fanin-server io-uring --port 7000, then `nc 127.0.0.1 7000`.
// From epoll: the kernel does the I/O as well as the waiting. A connection has exactly one operation in flight and is
//   closed by the completion of that one, so that the kernel never holds a buffer of a connection that has gone.
#include <poll.h>

#include <memory>

#include "servers/connection.h"
#include "servers/model.h"
#include "servers/stop.h"
#include "servers/uring/ring.h"

namespace fanin {
namespace {

enum Kind : std::uint8_t { kAccept, kListenerReadable, kReceive, kSend };

struct Client {
  std::unique_ptr<Connection> connection;
  std::unique_ptr<char[]> input;
};

class UringLoop {
 public:
  explicit UringLoop(Server& server) : server_(server), ring_(server.options().model.ring_entries, {0}) {
    for (std::uint32_t i = 0; i < server_.listeners().size(); ++i) {
      server_.listeners()[i].set_nonblocking(Blocking::kYes);
      accept_on(i);
    }
  }

  void run() {
    while (!stop::requested() || clients_.size() > 0) {
      ring_.turn([this](const Completion& completion) { on_completion(completion); });
      if (stop::grace_over()) {
        shutdown_all(SHUT_RDWR);  // their operations complete then, which is what ends them
      }
    }
  }

 private:
  void on_completion(const Completion& completion) {
    const auto [tag, result, flags] = completion;
    switch (tag.kind) {
      case kAccept:
        return admit(tag.owner.index, server_.listeners()[tag.owner.index].on_accepted(result, clients_.size()));
      case kListenerReadable:
        return admit(tag.owner.index, server_.listeners()[tag.owner.index].accept(clients_.size()));
      case kReceive: {
        Client& client = *clients_.find(tag.owner);
        return go_on(tag.owner,
                     result > 0 ? client.connection->on_received({client.input.get(), static_cast<std::size_t>(result)})
                                : client.connection->on_end(-result));
      }
      case kSend: {
        Connection& connection = *clients_.find(tag.owner)->connection;
        return go_on(tag.owner,
                     result >= 0 ? connection.on_sent(static_cast<std::size_t>(result)) : connection.on_end(-result));
      }
      default:
        return;
    }
  }

  void accept_on(std::uint32_t listener) {
    io_uring_sqe* operation = ring_.next();
    ::io_uring_prep_accept(operation, server_.listeners()[listener].fd(), nullptr, nullptr, SOCK_CLOEXEC);
    Ring::set_tag(operation, {kAccept, {listener, 0}});
  }

  void admit(std::uint32_t listener, Listener::Accepted accepted) {
    switch (accepted.status) {
      case Listener::Status::kConnection: {
        auto connection = std::make_unique<Connection>(std::move(accepted.socket), server_);
        const Connection::Next next = connection->start();
        auto input = std::make_unique_for_overwrite<char[]>(server_.options().read_cap);
        go_on(clients_.insert({std::move(connection), std::move(input)}), next);
        break;
      }
      case Listener::Status::kAgain:
        break;
      case Listener::Status::kNone: {
        io_uring_sqe* operation = ring_.next();
        ::io_uring_prep_poll_add(operation, server_.listeners()[listener].fd(), POLLIN);
        return Ring::set_tag(operation, {kListenerReadable, {listener, 0}});
      }
      case Listener::Status::kStopped:
        return shutdown_all(SHUT_RD);
    }
    accept_on(listener);
  }

  // Asks for the one thing that the connection waits for, or lets it go.
  void go_on(SlotId id, Connection::Next next) {
    if (next == Connection::Next::kClose) {
      return clients_.erase(id);
    }
    const Client& client = *clients_.find(id);
    const int fd = client.connection->fd();
    io_uring_sqe* operation = ring_.next();
    if (next == Connection::Next::kWrite) {
      const std::string_view reply = client.connection->unsent();
      ::io_uring_prep_send(operation, fd, reply.data(), reply.size(), MSG_NOSIGNAL);
      Ring::set_tag(operation, {kSend, id});
    } else {
      ::io_uring_prep_recv(operation, fd, client.input.get(), server_.options().read_cap, 0);
      Ring::set_tag(operation, {kReceive, id});
    }
  }

  void shutdown_all(int how) {
    clients_.for_each([how](const Client& client) { ::shutdown(client.connection->fd(), how); });
  }

  Server& server_;
  SlotTable<Client> clients_;
  Ring ring_;  // destroyed first, while all buffers are there
};

std::optional<std::string> probe() {
  return why_no_io_uring({{IORING_OP_ACCEPT, "5.5"}, {IORING_OP_SEND, "5.6"}, {IORING_OP_RECV, "5.6"}});
}

void run(Server& server) { UringLoop(server).run(); }

}  // namespace

const ServerModel kIoUring{.name = "io-uring",
                           .summary = "one thread, io_uring, one operation at a time for each connection",
                           .run = run,
                           .probe = probe,
                           .family = "completion",
                           .takes = "ring-entries"};

}  // namespace fanin
