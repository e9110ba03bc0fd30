// sigio: one thread, the kernel queues a signal for every change of a socket (signal-driven I/O).
//
// Idea: Each socket is set once to send a real-time signal that carries its descriptor (F_SETSIG, F_SETOWN_EX,
//   O_ASYNC). The signals are blocked and read from their queue (signalfd, else sigwaitinfo), so no handler
//   interrupts anything. A signal reports a change, as an edge does: the program continues until EAGAIN, within a
//   budget. A signal names a descriptor, not a connection: a late one reaches the next connection with that number,
//   which is harmless because a signal is only a hint to try.
// Costs per connection: three fcntl calls and an entry in the kernel. Per request: a share of a read of the queue, a
//   read that returns EAGAIN, and a signal for each segment that arrives.
// Requires: F_SETSIG (Linux 2.4); signalfd(2) (2.6.22).
// Known limit: RLIMIT_SIGPENDING bounds the queue. A signal that finds it full is lost, and a plain SIGIO reports
//   the overflow: then all sockets are checked with poll(2), at the time of the highest load. No signal reports what
//   was ready before F_SETSIG, nor a shutdown by the program itself: the loop remembers both.
// Try: fanin-server sigio --signal-queue 1 --port 7000, then some `nc 127.0.0.1 7000`, and see `signals.overflows`.
// Changes from `epoll-et`: each event is a message in a bounded queue instead of a mark in a set, so events can be
//   lost.
#include <poll.h>

#include <vector>

#include "servers/connection_table.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/sigio/signal_queue.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

class SignalLoop {
 public:
  explicit SignalLoop(Server& server) : server_(server), table_(server), signals_(server.options().model.signal_queue) {
    server.on_cut_off([this](int fd) { ready_.mark(fd); });
    for (const Listener& listener : server.listeners()) {
      net::check(signals_.watch(listener.fd()) ? 0 : -1, "fcntl");
      ready_.mark(listener.fd());
    }
  }

  void run() {
    while (!table_.drained()) {
      const SignalQueue::Notices notices = signals_.wait(ready_.empty() ? stop::wait_timeout_ms() : 0);
      for (const int fd : notices.descriptors) {
        ready_.mark(fd);
      }
      // No signal reports the shutdown of a Unix-domain listener.
      if (notices.overflowed || (notices.descriptors.empty() && stop::requested())) {
        mark_what_poll_finds();
      }
      ready_.try_marked([this](int fd) { attempt(fd); });
    }
  }

 private:
  // For changes without a signal.
  void mark_what_poll_finds() {
    std::vector<pollfd> all;
    for (const Listener& listener : server_.listeners()) {
      all.push_back({listener.fd(), POLLIN, 0});
    }
    for (int fd = 0; fd < table_.end_fd(); ++fd) {
      if (const Connection* const connection = table_.find(fd)) {
        const bool writes = connection->next() == Connection::Next::kWrite;
        all.push_back({fd, static_cast<short>(writes ? POLLOUT : POLLIN), 0});
      }
    }
    count_wait(::poll(all.data(), all.size(), 0));
    for (const pollfd& found : all) {
      if (found.revents != 0) {
        ready_.mark(found.fd);
      }
    }
  }

  void attempt(int fd) {
    if (Connection* const connection = table_.find(fd)) {
      serve(*connection);
      return;
    }
    for (Listener& listener : server_.listeners()) {
      if (listener.fd() == fd) {
        accept_from(listener);
      }
    }
  }

  // Runs until EAGAIN, after which the next signal reports, or until the budget is exhausted.
  void serve(Connection& connection) {
    for (int step = 0; step < server_.options().model.drain_budget; ++step) {
      if (connection.on_ready() == Connection::Next::kClose) {
        table_.close(connection);
        return;
      }
      if (connection.would_block()) {
        return;
      }
    }
    ready_.mark(connection.fd());
  }

  void accept_from(Listener& listener) {
    for (int i = 0; i < server_.options().accept_batch; ++i) {
      Listener::Accepted accepted = listener.accept(table_.size());
      if (accepted.status == Listener::Status::kStopped) {
        table_.begin_drain();
        mark_what_poll_finds();
        return;
      }
      if (accepted.status == Listener::Status::kNone) {
        return;
      }
      if (accepted.status == Listener::Status::kConnection) {
        adopt(std::move(accepted.socket));
      }
    }
    ready_.mark(listener.fd());
  }

  void adopt(net::Descriptor socket) {
    if (!signals_.watch(socket.get())) {
      return;
    }
    if (const Connection* const connection = table_.open(std::move(socket))) {
      ready_.mark(connection->fd());
    }
  }

  Server& server_;
  ConnectionTable table_;
  SignalQueue signals_;
  ReadyList ready_;
};

void run(Server& server) {
  server.set_nonblocking();
  SignalLoop(server).run();
}

}  // namespace

extern const ServerModel kSigio{.name = "sigio",
                                .summary = "one thread, signal-driven: a queued real-time signal for every change",
                                .run = run,
                                .family = "readiness",
                                .threads = ServerModel::Threads::kOne,
                                .takes = "drain-budget signal-queue"};

}  // namespace fanin::server
