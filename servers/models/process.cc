// process: a process per connection.
//
// Idea: fork() after every accept(). The child serves its one connection with plain blocking calls and exits; the
//   parent closes its copy and accepts the next. The kernel does all the scheduling, and connections share nothing.
// Costs per connection: a fork, an exit and a wait; page tables, a kernel stack and the pages that the child writes
//   (hundreds of KiB).
// Needs of the kernel: fork.
// Known limit: RLIMIT_NOFILE does not bind, RLIMIT_NPROC and memory do.
// Try: fanin-server process --port 7000, then `nc 127.0.0.1 7000` twice, then `ps --forest`.
// From iterative: many connections at once, one process each.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <unordered_set>

#include "servers/child_processes.h"
#include "servers/connection.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

[[noreturn]] void serve_in_child(Server& server, Descriptor socket) {
  tally = Tally{};  // the parent's counts are the parent's to publish
  stop::begin_child();
  server.close_listeners();
  {
    Connection connection(std::move(socket), server);
    const stop::WatchConnection watch(connection.fd());
    for (auto next = connection.start(); next != Connection::Next::kClose;) {
      next = connection.on_ready();
    }
  }
  publish_counts();
  ::_exit(0);
}

// SIGCHLD only has to interrupt accept(); the children are collected here. Several may have ended for one signal.
void collect(std::unordered_set<pid_t>& children) {
  for (pid_t ended = 0; (ended = ::waitpid(-1, nullptr, WNOHANG)) > 0;) {
    children.erase(ended);
  }
}

void wake_on_child_exit() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  check(::sigaction(SIGCHLD, &action, nullptr), "sigaction");
}

void run(Server& server) {
  wake_on_child_exit();
  std::unordered_set<pid_t> children;
  for (;;) {
    Listener::Accepted accepted = server.accept(children.size());
    collect(children);
    if (accepted.status == Listener::Status::kStopped) {
      break;
    }
    if (accepted.status != Listener::Status::kConnection) {
      continue;
    }
    count(Count::kCallFork);
    const pid_t child = ::fork();
    if (child == 0) {
      serve_in_child(server, std::move(accepted.socket));
    }
    if (child > 0) {
      children.insert(child);
    } else {
      count(Count::kRefusedResources);  // closed as `accepted` goes; the server lives on
    }
  }
  count(Count::kClosedOnError, end_children({children.begin(), children.end()}));  // a killed one counts no more
}

}  // namespace

const ServerModel kProcess{.name = "process",
                           .summary = "fork per connection, blocking I/O",
                           .run = run,
                           .family = "blocking",
                           .threads = ServerModel::Threads::kOne,
                           .shares_memory = false};

}  // namespace fanin::server
