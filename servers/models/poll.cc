// poll: one thread, all connections in an array.
//
// Idea: As `select`, but the interest list is an array of (descriptor, events) of any length.
// Costs per call: the whole array is copied in, its results are copied out, and both the kernel and the program scan
//   all entries.
// Requires: poll(2).
// Known limit: RLIMIT_NOFILE. The scan grows with every connection, busy or idle.
// Try: fanin-server poll --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `select`: no limit of 1024, one array instead of bitmaps. The array is dense: the last entry replaces
//   that of a closed connection.
#include <poll.h>

#include <vector>

#include "servers/connection_table.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

class PollLoop {
 public:
  explicit PollLoop(Server& server) : server_(server), table_(server) {
    for (const Listener& listener : server_.listeners()) {
      entries_.push_back({listener.fd(), POLLIN, 0});
    }
  }

  void run() {
    while (!table_.drained()) {
      const int ready = ::poll(entries_.data(), entries_.size(), stop::wait_timeout_ms());
      count_wait(ready);
      if (ready > 0) {
        dispatch(ready);
      }
    }
  }

 private:
  void dispatch(int ready) {
    const std::size_t listeners = server_.listeners().size();
    for (std::size_t i = listeners; i < entries_.size() && ready > 0;) {
      // POLLERR and POLLHUP are always reported: the next read or send returns the error.
      if (entries_[i].revents == 0) {
        ++i;
        continue;
      }
      --ready;
      Connection& connection = *table_.find(entries_[i].fd);
      const Connection::Next next = connection.on_ready();
      if (next == Connection::Next::kClose) {
        table_.close(connection);
        entries_[i] = entries_.back();  // not yet checked: stay at i
        entries_.pop_back();
      } else {
        entries_[i++].events = events_for(next);
      }
    }
    for (std::size_t i = 0; i < listeners; ++i) {
      if (entries_[i].revents != 0) {
        accept_from(i);
      }
    }
  }

  void accept_from(std::size_t index) {
    const auto open = [this] { return table_.size(); };
    const auto serve = [this](net::Descriptor socket) {
      if (const Connection* connection = table_.open(std::move(socket))) {
        entries_.push_back({connection->fd(), events_for(connection->next()), 0});
      }
    };
    if (!accept_batch(server_.listeners()[index], server_.options().accept_batch, open, serve)) {
      entries_[index].fd = -1;  // poll(2) ignores negative descriptors
      table_.begin_drain();
    }
  }

  static short events_for(Connection::Next next) { return next == Connection::Next::kWrite ? POLLOUT : POLLIN; }

  Server& server_;
  ConnectionTable table_;
  std::vector<pollfd> entries_;  // the listeners first
};

void run(Server& server) {
  server.set_nonblocking();
  PollLoop(server).run();
}

}  // namespace

extern const ServerModel kPoll{.name = "poll",
                               .summary = "one thread, poll(2), any number of descriptors",
                               .run = run,
                               .family = "readiness",
                               .threads = ServerModel::Threads::kOne};

}  // namespace fanin::server
