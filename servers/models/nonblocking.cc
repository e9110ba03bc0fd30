// nonblocking: one thread asks every connection again and again.
//
// Idea: make the listener and all sockets non-blocking, and go round: try to accept, try to read from each connection
//   in the read list, try to send to each in the write list. EAGAIN means "try later". When a whole round brought
//   nothing, `--idle-strategy spin` goes on at once, `yield` lets others run first, `sleep` pauses for `--sleep`.
// Costs per round: a system call for every connection, whether it has anything or not. A request costs as many rounds
//   as it takes; an idle server costs a CPU, or wakes up all the time for nothing.
// Needs of the kernel: O_NONBLOCK.
// Known limit: the CPU that it burns (spin, yield), the latency that it adds (sleep), and both grow with connections.
// Try: fanin-server nonblocking --idle-strategy sleep --sleep 10ms --port 7000, then `nc 127.0.0.1 7000`, then `top`.
// From iterative: many clients in one thread, without asking the kernel who is ready. From here to select: asking it.
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
    const auto serve = [this](Descriptor socket) {
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

  // One step for each connection in `list`; those that turn from reading to writing or back go to the `other` list.
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
      list[i] = list.back();  // which has not had its turn yet: stay here
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
      const Nanoseconds time =
          stop::requested() ? std::min<Nanoseconds>(options.sleep, milliseconds(10)) : options.sleep;
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

const ServerModel kNonblocking{.name = "nonblocking",
                               .summary = "one thread, non-blocking calls in a loop without waiting",
                               .run = run,
                               .family = "readiness",
                               .threads = ServerModel::Threads::kOne,
                               .takes = "idle-strategy sleep",
                               .busy_when_idle = true};

}  // namespace fanin::server
