// select: one thread, all connections in a read set and a write set.
//
// Idea: Pass all descriptors of interest to the kernel in every call; it marks those that are ready. A descriptor is
//   in the write set while a reply waits to be sent, else in the read set.
// Costs per call: the bitmaps are copied in and out, and both the kernel and the program scan all descriptors up to
//   the highest.
// Requires: select(2).
// Known limit: an fd_set holds FD_SETSIZE (1024) descriptors. FD_SET of a higher one is undefined behaviour, so such
//   connections are refused and counted.
// Try: fanin-server select --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `thread`: one thread serves all connections, sockets do not block, and the program keeps the state of
//   each connection.
#include <sys/select.h>

#include <algorithm>

#include "servers/connection_table.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

class SelectLoop {
 public:
  explicit SelectLoop(Server& server) : server_(server), table_(server) {
    for (const Listener& listener : server_.listeners()) {
      FD_SET(listener.fd(), &readers_);
      end_ = std::max(end_, listener.fd() + 1);
    }
  }

  void run() {
    while (!table_.drained()) {
      fd_set readable = readers_;
      fd_set writable = writers_;
      const int timeout_ms = stop::wait_timeout_ms();
      timeval timeout{0, timeout_ms * 1000};
      const int ready = ::select(end_, &readable, &writable, nullptr, timeout_ms < 0 ? nullptr : &timeout);
      count_wait(ready);
      if (ready > 0) {
        dispatch(readable, writable);
      }
    }
  }

 private:
  void dispatch(const fd_set& readable, const fd_set& writable) {
    const int end = end_;
    for (int fd = 0; fd < end; ++fd) {
      if (FD_ISSET(fd, &readable) || FD_ISSET(fd, &writable)) {
        if (Connection* connection = table_.find(fd)) {
          watch(fd, connection->on_ready());
        }
      }
    }
    // Last, so that no event of an old connection reaches a new one that reuses its number.
    for (Listener& listener : server_.listeners()) {
      if (FD_ISSET(listener.fd(), &readable)) {
        accept_from(listener);
      }
    }
  }

  void accept_from(Listener& listener) {
    const auto open = [this] { return table_.size(); };
    const auto serve = [this](net::Descriptor socket) {
      if (socket.get() >= FD_SETSIZE) {
        count(Count::kRefusedFdSetsize);  // `socket` closes it
      } else if (const Connection* connection = table_.open(std::move(socket))) {
        end_ = std::max(end_, connection->fd() + 1);
        watch(connection->fd(), connection->next());
      }
    };
    if (!accept_batch(listener, server_.options().accept_batch, open, serve)) {
      FD_CLR(listener.fd(), &readers_);
      table_.begin_drain();
    }
  }

  void watch(int fd, Connection::Next next) {
    FD_CLR(fd, &readers_);
    FD_CLR(fd, &writers_);
    if (next == Connection::Next::kClose) {
      table_.close(*table_.find(fd));
    } else {
      FD_SET(fd, next == Connection::Next::kRead ? &readers_ : &writers_);
    }
  }

  Server& server_;
  ConnectionTable table_;
  fd_set readers_{};
  fd_set writers_{};
  int end_ = 0;
};

void run(Server& server) {
  server.set_nonblocking();
  SelectLoop(server).run();
}

}  // namespace

extern const ServerModel kSelect{.name = "select",
                                 .summary = "one thread, select(2), at most FD_SETSIZE descriptors",
                                 .run = run,
                                 .max_descriptor = FD_SETSIZE - 1,
                                 .family = "readiness",
                                 .threads = ServerModel::Threads::kOne};

}  // namespace fanin::server
