// selector: one thread, a callback per registered descriptor, on the best mechanism of the system.
//
// Idea: The program registers a descriptor, its interest and a handler; the selector waits and calls the handlers of
//   the ready ones. It picks the mechanism at run time: epoll, else poll, else select; `--mechanism` forces one.
//   Portable libraries work this way, and so serve many systems with one program.
// Costs per event: as the mechanism, plus a lookup and an indirect call. Per connection: a handler and, with epoll,
//   an epoll_ctl(DEL), because other mechanisms need the removal before the descriptor is closed.
// Requires: select(2), poll(2) or epoll(7).
// Known limit: as the mechanism; with select(2), descriptors beyond 1024 are refused and counted. Features of a
//   single mechanism (edges, one-shot) are out of reach, because the others lack them.
// Try: fanin-server selector --mechanism poll --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `select`, `poll` and `epoll`: the loop does not know which of them it uses.
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
    const auto serve = [this](net::Descriptor socket) { take(std::move(socket)); };
    if (!accept_batch(listener, server_.options().accept_batch, open, serve)) {
      selector_->remove(listener.fd());
      table_.begin_drain();
    }
  }

  void take(net::Descriptor socket) {
    Connection* const connection = table_.open(std::move(socket));
    if (connection == nullptr) {
      return;
    }
    auto& client = clients_[connection->fd()];
    client = std::make_unique<Client>(*this, *connection);
    if (!selector_->add(connection->fd(), to_interest(connection->next()), *client)) {
      client.reset();
      table_.close(*connection);
    }
  }

  void serve(Connection& connection) {
    const Connection::Next before = connection.next();
    const Connection::Next next = connection.on_ready();
    if (next == Connection::Next::kClose) {
      selector_->remove(connection.fd());
      clients_[connection.fd()].reset();  // the calling handler, which returns next
      table_.close(connection);
    } else if (next != before) {
      selector_->change(connection.fd(), to_interest(next));
    }
  }

  static Selector::Interest to_interest(Connection::Next next) {
    return next == Connection::Next::kWrite ? Selector::Interest::kWrite : Selector::Interest::kRead;
  }

  Server& server_;
  ConnectionTable table_;
  std::unique_ptr<Selector> selector_;
  std::deque<Acceptor> acceptors_;
  DescriptorTable<std::unique_ptr<Client>> clients_;
};

void run(Server& server) {
  server.set_nonblocking();
  SelectorLoop(server).run();
}

}  // namespace

extern const ServerModel kSelector{.name = "selector",
                                   .summary = "one thread, a callback per descriptor on the best available mechanism",
                                   .run = run,
                                   .family = "readiness",
                                   .threads = ServerModel::Threads::kOne,
                                   .takes = "mechanism"};

}  // namespace fanin::server
