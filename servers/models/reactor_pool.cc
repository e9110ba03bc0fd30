// reactor-pool: an event loop for the I/O, threads for the work (half-sync/half-async).
//
// Idea: the loop reads and hands what it has read to a pool of threads; a thread works out the replies and gives the
//   connection back through a mailbox that wakes the loop, which sends. A connection is with a thread or with the loop,
//   never with both, so its replies keep their order. The queue of jobs is bounded: when it is full, connections that
//   have something to say are simply not read, and TCP slows their peers down.
// Costs per request: two hand-overs, each a lock and mostly a wake-up and a switch. The registration changes only for a
//   connection that says more while it is away: it leaves the set, because a hang-up cannot be ignored in it.
// Needs of the kernel: epoll, eventfd.
// Known limit: cheap requests pay more for being handed over than they cost; dear ones no longer delay the others.
// Try: fanin-server reactor-pool --workers 2 --protocol work --port 7000, then `nc 127.0.0.1 7000`.
// From epoll: computing replies moves out of the loop. From thread-pool: threads hold requests, not connections.
#include <deque>
#include <optional>
#include <vector>

#include "servers/epoll_connections.h"
#include "servers/hand_off_queue.h"
#include "servers/model.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

class ReactorPool {
 public:
  explicit ReactorPool(Server& server)
      : connections_(server, {.listeners = server.listeners()}),
        most_away_(server.options().model.queue + static_cast<std::size_t>(server.options().model.workers)),
        jobs_(most_away_) {
    connections_.watch(done_.fd());
  }

  // Each worker's life.
  void work() {
    while (const auto job = jobs_.pop()) {
      (*job)->work();
      done_.put(*job);
    }
  }

  // The loop's. The members below are its own, but for the queue and the mailbox.
  void run() {
    while (!connections_.drained()) {
      for (const epoll_event& event : connections_.wait()) {
        if (event.data.fd == done_.fd()) {
          take_back();
        } else if (Connection* const connection = connections_.find_or_accept(event.data.fd)) {
          on_event(*connection);
        }
      }
    }
    jobs_.close();
  }

 private:
  using Next = Connection::Next;
  struct Place {
    bool away = false;          // with a worker
    std::optional<Next> armed;  // what it is watched for; nothing: not in the set
  };

  void on_event(Connection& connection) {
    Place& place = place_of(connection);
    if (place.away) {
      connections_.park(connection);
      place.armed.reset();
    } else {
      place.armed = connection.next();
      advance(connection);
    }
  }

  // The next step of a connection that the loop has and that is ready for it.
  void advance(Connection& connection) {
    const bool sends = connection.next() == Next::kWrite && !connection.unsent().empty();
    if (sends) {
      settle(connection, connection.on_ready());
    } else if (away_ == most_away_) {
      wait_for_worker(connection);
    } else {
      settle(connection, connection.next() == Next::kRead ? connection.fetch() : Next::kWork);
    }
  }

  void settle(Connection& connection, Next next) {
    Place& place = place_of(connection);
    if (next == Next::kClose) {
      place = {};
      connections_.close(connection);
    } else if (next == Next::kWork) {
      place.away = true;
      ++away_;
      jobs_.push(&connection);
    } else if (place.armed) {
      if (*place.armed != next) {
        connections_.rearm(connection);
      }
    } else {
      connections_.unpark(connection);
    }
  }

  void wait_for_worker(Connection& connection) {
    count(Count::kQueueFull);
    if (place_of(connection).armed) {
      connections_.park(connection);
      place_of(connection).armed.reset();
    }
    waiting_.push_back(&connection);
  }

  void take_back() {
    done_.take(returned_);
    for (Connection* const connection : returned_) {
      place_of(*connection).away = false;
      --away_;
      const bool sends = connection->next() == Next::kWrite && !connection->unsent().empty();
      settle(*connection, sends ? connection->on_ready() : connection->next());
    }
    returned_.clear();
    for (; !waiting_.empty() && away_ < most_away_; waiting_.pop_front()) {
      advance(*waiting_.front());
    }
  }

  Place& place_of(const Connection& connection) {
    const auto index = static_cast<std::size_t>(connection.fd());
    if (index >= places_.size()) {
      places_.resize(index + 1);
    }
    return places_[index];
  }

  EpollConnections connections_;
  std::vector<Place> places_;        // by descriptor
  std::deque<Connection*> waiting_;  // not in the set: they go on when workers have given others back
  std::size_t away_ = 0;             // connections with workers, or in the queue to them or the mailbox from them
  const std::size_t most_away_;
  HandOffQueue<Connection*> jobs_;
  Mailbox<Connection*> done_;
  std::vector<Connection*> returned_;
};

void run(Server& server) {
  server.set_nonblocking();
  ReactorPool pool(server);
  const WorkerThreads workers(server.options().model.workers, [&pool](int) { pool.work(); });
  pool.run();
}

}  // namespace

const ServerModel kReactorPool{.name = "reactor-pool",
                               .summary = "an epoll loop for the I/O, threads behind a bounded queue for the work",
                               .run = run,
                               .family = "multicore",
                               .takes = "workers queue"};

}  // namespace fanin::server
