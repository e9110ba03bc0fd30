// nonblocking: one thread tries every connection in turn.
//
// Idea: Make the listener and all sockets non-blocking. Each round tries to accept, to read from each connection in
//   the read list and to send to each in the write list. EAGAIN means "try later". After a round without progress
//   `--idle-strategy spin` continues at once, `yield` lets other threads run, `sleep` pauses for `--sleep`.
// Costs per round: a system call for every connection, busy or idle. A request takes as many rounds as it has steps.
//   An idle server uses a whole CPU or keeps waking up.
// Requires: O_NONBLOCK.
// Known limit: CPU time (spin, yield) or added latency (sleep); both grow with the number of connections.
// Try: fanin-server nonblocking --idle-strategy sleep --sleep 10ms --port 7000, then `nc 127.0.0.1 7000`, then
//   `top`.
// Changes from `iterative`: one thread serves many clients, without asking the kernel which are ready. `select`
//   asks.
#include <sched.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "servers/connection_table.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

class NonblockingLoop {
 public:
  explicit NonblockingLoop(Server& server) : server_(server), table_(server) {}

  void run() {
    while (!table_.drained()) {
      bool progress = accept_all();
      progress |= try_each(readers_, writers_);
      progress |= try_each(writers_, readers_);
      if (!progress) {
        pause();
      }
    }
  }

 private:
  // These return whether anything happened.
  bool accept_all() {
    const std::size_t before = table_.size();
    const auto open = [this] { return table_.size(); };
    const auto serve = [this](net::Descriptor socket) {
      if (Connection* connection = table_.open(std::move(socket))) {
        (connection->next() == Connection::Next::kRead ? readers_ : writers_).push_back(connection);
      }
    };
    for (Listener& listener : server_.listeners()) {
      if (!stopped_ && !accept_batch(listener, server_.options().accept_batch, open, serve)) {
        stopped_ = true;
        table_.begin_drain();
      }
    }
    return table_.size() > before;
  }

  // One step for each connection in `list`; those that turn from reading to writing or back move to `other`.
  bool try_each(std::vector<Connection*>& list, std::vector<Connection*>& other) {
    bool progress = false;
    for (std::size_t i = 0; i < list.size();) {
      Connection& connection = *list[i];
      const Connection::Next before = connection.next();
      const Connection::Next next = connection.on_ready();
      progress |= !connection.would_block();
      if (next == before) {
        ++i;
        continue;
      }
      list[i] = list.back();  // not yet tried in this round: stay at i
      list.pop_back();
      if (next == Connection::Next::kClose) {
        table_.close(connection);
      } else {
        other.push_back(&connection);
      }
    }
    return progress;
  }

  void pause() {
    const ModelOptions& options = server_.options().model;
    if (options.idle_strategy == "yield") {
      count(Count::kCallPause);
      ::sched_yield();
    } else if (options.idle_strategy == "sleep") {
      count(Count::kCallPause);
      using std::chrono::milliseconds;
      const net::Nanoseconds time =
          stop::requested() ? std::min<net::Nanoseconds>(options.sleep, milliseconds(10)) : options.sleep;
      const timespec duration{time.count() / 1'000'000'000, time.count() % 1'000'000'000};
      ::nanosleep(&duration, nullptr);
    }
  }

  Server& server_;
  ConnectionTable table_;
  std::vector<Connection*> readers_;
  std::vector<Connection*> writers_;
  bool stopped_ = false;
};

void run(Server& server) {
  server.set_nonblocking();
  NonblockingLoop(server).run();
}

}  // namespace

extern const ServerModel kNonblocking{.name = "nonblocking",
                                      .summary = "one thread, non-blocking calls in a loop",
                                      .run = run,
                                      .family = "readiness",
                                      .threads = ServerModel::Threads::kOne,
                                      .takes = "idle-strategy sleep",
                                      .busy_when_idle = true};

}  // namespace fanin::server
