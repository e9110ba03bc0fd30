// template: a model to copy. Replace this line by `NAME: the design in one line`.
//
// Idea: What the program does when a connection arrives, when input arrives and when the peer does not read.
// Costs per connection: system calls, memory, context switches.
// Requires: the kernel's interface and its version.
// Known limit: what binds first, and what happens then.
// Try: fanin-template-server template --port 7000, then `nc 127.0.0.1 7000`.
// Changes from `NEAREST`: what differs from the model before it, and why.
//
// This model calls poll(2) on an array that it builds for every wait. The tests run the conformance suite against it,
// so it always works; `fanin-server` does not offer it. Delete the explanations in your copy.
#include <poll.h>

#include <vector>

#include "servers/connection_table.h"  // connections by descriptor, for loops; blocking models use Connection alone
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

// The state of the model. A class is needed only where functions share state; compare iterative.cc.
class TemplateLoop {
 public:
  explicit TemplateLoop(Server& server) : server_(server), table_(server) {}

  // Returns when a stop is requested (SIGTERM) and all connections have ended, or the drain timeout has passed.
  // ConnectionTable knows both. The stop handler shuts the listeners down, which wakes poll(2).
  void run() {
    while (!table_.drained()) {
      const std::vector<pollfd> ready = wait();
      for (const pollfd& entry : ready) {
        if (Connection* const connection = table_.find(entry.fd)) {
          serve(*connection);
        }
      }
      accept_from_all();
    }
  }

 private:
  // The wait of the model. next() says for which event a connection waits. It is never for both: while a reply
  // waits to be sent, nothing more is read, which pushes back on a peer that does not read.
  std::vector<pollfd> wait() {
    std::vector<pollfd> entries;
    for (const Listener& listener : server_.listeners()) {
      entries.push_back({stopped_ ? -1 : listener.fd(), POLLIN, 0});
    }
    for (int fd = 0; fd < table_.end_fd(); ++fd) {
      if (const Connection* const connection = table_.find(fd)) {
        const bool writes = connection->next() == Connection::Next::kWrite;
        entries.push_back({fd, static_cast<short>(writes ? POLLOUT : POLLIN), 0});
      }
    }
    // After a stop wait_timeout_ms() is short, so that the drain timeout is noticed.
    const int events = ::poll(entries.data(), entries.size(), stop::wait_timeout_ms());
    count_wait(events);  // counters explain results; they are plain integers of the thread
    std::erase_if(entries, [](const pollfd& entry) { return entry.revents == 0; });
    return entries;
  }

  // One step: at most one read of --read-cap bytes or one send. Do not loop here: the other connections come first.
  // An error closes this connection and is counted by Connection; it never ends the server.
  void serve(Connection& connection) {
    if (connection.on_ready() == Connection::Next::kClose) {
      table_.close(connection);  // destroys it
    }
  }

  // accept_batch() classifies errors, counts them, and keeps --max-connections and --accept-batch.
  void accept_from_all() {
    const auto open = [this] { return table_.size(); };
    const auto serve_new = [this](net::Descriptor socket) { table_.open(std::move(socket)); };
    for (Listener& listener : server_.listeners()) {
      if (!stopped_ && !accept_batch(listener, server_.options().accept_batch, open, serve_new)) {
        stopped_ = true;  // the listener was shut down: answer what has arrived, then end
        table_.begin_drain();
      }
    }
  }

  Server& server_;
  ConnectionTable table_;
  bool stopped_ = false;
};

// Serves until the stop. May throw std::system_error during set-up only.
void run(Server& server) {
  server.set_nonblocking();  // listeners and accepted sockets; blocking models leave this out
  TemplateLoop(server).run();
}

}  // namespace

// The row. servers/model.h describes its members, with the defaults. Declare and list it in servers/registry.cc.
extern const ServerModel kTemplate{.name = "template",
                                   .summary = "one thread, poll(2) with a new array for every wait",
                                   .run = run,
                                   .family = "readiness",
                                   .threads = ServerModel::Threads::kOne};

}  // namespace fanin::server
