// reactor-pool: an event loop for the I/O, threads for the work (half-sync/half-async).
//
// Idea: The loop reads and queues the input for a pool of threads; a thread computes the replies and returns the
//   connection through a mailbox that wakes the loop, which sends. A connection belongs either to a thread or to the
//   loop, so its replies keep their order. The job queue is bounded: when it is full, connections with input are not
//   read, and TCP flow control slows their peers down.
// Costs per request: two hand-offs, each a lock and mostly a wakeup and a context switch. A connection that gets input
//   while a worker has it is deregistered, because epoll always reports a hang-up.
// Requires: epoll(7), eventfd(2).
// Known limit: the hand-off of a cheap request costs more than the request.
// Try: fanin-server reactor-pool --workers 2 --protocol work --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `epoll`: expensive requests no longer delay the others. From `thread-pool`: threads hold requests, not
//   connections.
#include <deque>
#include <optional>
#include <vector>

#include "servers/connection_table.h"
#include "servers/epoll_connections.h"
#include "servers/model.h"
#include "servers/worker_threads.h"

namespace fanin::server {
namespace {

class ReactorPool {
 public:
  explicit ReactorPool(Server& server)
      : connections_(server, {.listeners = server.listeners()}),
        max_in_flight_(server.options().model.queue + static_cast<std::size_t>(server.options().model.workers)),
        jobs_(max_in_flight_) {
    connections_.watch(done_.fd());
  }

  // The body of a worker thread.
  void work() {
    while (const auto job = jobs_.pop()) {
      (*job)->work();
      done_.put(*job);
    }
  }

  // The loop's thread. Members below belong to it, except the queue and the mailbox.
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
  struct Slot {
    bool with_worker = false;
    std::optional<Next> armed;  // the registered event; nothing: not registered
  };

  static bool has_replies(const Connection& connection) {
    return connection.next() == Next::kWrite && !connection.unsent().empty();
  }

  void on_event(Connection& connection) {
    Slot& slot = slots_[connection.fd()];
    if (slot.with_worker) {
      connections_.park(connection);
      slot.armed.reset();
    } else {
      slot.armed = connection.next();
      advance(connection);
    }
  }

  // The next step of a connection that the loop owns and that is ready.
  void advance(Connection& connection) {
    if (has_replies(connection)) {
      apply(connection, connection.on_ready());
    } else if (in_flight_ == max_in_flight_) {
      count(Count::kQueueFull);
      if (Slot& slot = slots_[connection.fd()]; slot.armed) {
        connections_.park(connection);
        slot.armed.reset();
      }
      waiting_.push_back(&connection);
    } else {
      apply(connection, connection.next() == Next::kRead ? connection.fetch() : Next::kWork);
    }
  }

  void apply(Connection& connection, Next next) {
    Slot& slot = slots_[connection.fd()];
    if (next == Next::kClose) {
      slot = {};
      connections_.close(connection);
    } else if (next == Next::kWork) {
      slot.with_worker = true;
      ++in_flight_;
      jobs_.push(&connection);
    } else if (!slot.armed) {
      connections_.unpark(connection);
    } else if (*slot.armed != next) {
      connections_.rearm(connection);
    }
  }

  void take_back() {
    done_.take(returned_);
    for (Connection* const connection : returned_) {
      slots_[connection->fd()].with_worker = false;
      --in_flight_;
      apply(*connection, has_replies(*connection) ? connection->on_ready() : connection->next());
    }
    returned_.clear();
    for (; !waiting_.empty() && in_flight_ < max_in_flight_; waiting_.pop_front()) {
      advance(*waiting_.front());
    }
  }

  EpollConnections connections_;
  DescriptorTable<Slot> slots_;
  std::deque<Connection*> waiting_;  // deregistered until workers return others
  std::size_t in_flight_ = 0;        // connections with workers, in the queue or in the mailbox
  const std::size_t max_in_flight_;
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

extern const ServerModel kReactorPool{
    .name = "reactor-pool",
    .summary = "an epoll loop for the I/O, threads behind a bounded queue for the work",
    .run = run,
    .family = "multicore",
    .takes = "workers queue"};

}  // namespace fanin::server
