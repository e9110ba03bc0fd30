// selector: one thread, a callback for each registered descriptor, on the best mechanism that the system offers.
//
// Idea: the program registers a descriptor, what it waits for and a handler; the selector waits and calls the handlers
//   of what is ready. Which mechanism it waits with is found out at run time, the best first: epoll, poll, select;
//   `--mechanism` forces one. This is what portable libraries do, and how they keep one program for many systems.
// Costs per event: those of the mechanism, a look-up and an indirect call. Per connection: a handler, and with epoll a
//   call to take it out of the set, which other mechanisms need before the descriptor is closed.
// Needs of the kernel: any of the three.
// Known limit: that of the mechanism; with select 1024 descriptors, what is beyond is refused and counted. What one
//   mechanism alone can do (edges, one-shot) is out of reach, because the others cannot.
// Try: fanin-server selector --mechanism poll --port 7000, then `nc 127.0.0.1 7000`.
// From select, poll and epoll: the loop no longer knows which of them it is.
#include "servers/selector/selector.h"

#include <deque>
#include <stdexcept>
#include <vector>

#include "servers/connection_table.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

class SelectorLoop {
 public:
  explicit SelectorLoop(Server& server)
      : server_(server), table_(server), selector_(make_selector(server.options().model.mechanism)) {
    for (Listener& listener : server_.listeners()) {
      acceptors_.emplace_back(*this, listener);
      if (!selector_->add(listener.fd(), Selector::Interest::kRead, acceptors_.back())) {
        throw std::invalid_argument("the listener's descriptor is beyond the mechanism's limit: close some before");
      }
    }
  }

  void run() {
    while (!table_.drained()) {
      selector_->wait(stop::wait_timeout_ms());
    }
  }

 private:
  struct Acceptor : ReadyHandler {
    Acceptor(SelectorLoop& owner, Listener& what) : loop(owner), listener(what) {}
    void on_ready() override { loop.accept_from(listener); }
    SelectorLoop& loop;
    Listener& listener;
  };

  struct Client : ReadyHandler {
    Client(SelectorLoop& owner, Connection& what) : loop(owner), connection(what) {}
    void on_ready() override { loop.serve(connection); }
    SelectorLoop& loop;
    Connection& connection;
  };

  void accept_from(Listener& listener) {
    const auto open = [this] { return table_.size(); };
    const auto serve = [this](Descriptor socket) { take(std::move(socket)); };
    if (!accept_batch(listener, server_.options().accept_batch, open, serve)) {
      selector_->remove(listener.fd());
      table_.begin_drain();
    }
  }

  void take(Descriptor socket) {
    Connection* const connection = table_.open(std::move(socket));
    if (connection == nullptr) {
      return;
    }
    auto& client = client_of(*connection);
    client = std::make_unique<Client>(*this, *connection);
    if (!selector_->add(connection->fd(), interest_of(connection->next()), *client)) {
      client.reset();
      table_.close(*connection);
    }
  }

  void serve(Connection& connection) {
    const Connection::Next before = connection.next();
    const Connection::Next next = connection.on_ready();
    if (next == Connection::Next::kClose) {
      selector_->remove(connection.fd());
      client_of(connection).reset();  // the handler that called: it does nothing more
      table_.close(connection);
    } else if (next != before) {
      selector_->change(connection.fd(), interest_of(next));
    }
  }

  std::unique_ptr<Client>& client_of(const Connection& connection) {
    const auto index = static_cast<std::size_t>(connection.fd());
    if (index >= clients_.size()) {
      clients_.resize(index + 1);
    }
    return clients_[index];
  }

  static Selector::Interest interest_of(Connection::Next next) {
    return next == Connection::Next::kWrite ? Selector::Interest::kWrite : Selector::Interest::kRead;
  }

  Server& server_;
  ConnectionTable table_;
  std::unique_ptr<Selector> selector_;
  std::deque<Acceptor> acceptors_;
  std::vector<std::unique_ptr<Client>> clients_;  // by descriptor
};

void run(Server& server) {
  server.set_nonblocking();
  SelectorLoop(server).run();
}

}  // namespace

const ServerModel kSelector{.name = "selector",
                            .summary = "one thread, a callback per descriptor on the best mechanism there is",
                            .run = run,
                            .family = "readiness",
                            .threads = ServerModel::Threads::kOne,
                            .takes = "mechanism"};

}  // namespace fanin::server
