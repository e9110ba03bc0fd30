// process: a process per connection.
//
// Idea: fork() after every accept(). The child serves its connection with blocking calls and exits; the parent
//   closes its copy of the socket and accepts the next. The kernel does all scheduling; connections share nothing.
// Costs per connection: fork, exit and wait; page tables, a kernel stack and the pages that the child writes
//   (hundreds of KiB).
// Requires: fork.
// Known limit: RLIMIT_NPROC and memory; RLIMIT_NOFILE does not bind.
// Try: fanin-server process --port 7000, then `nc 127.0.0.1 7000` twice, then `ps --forest`.
// Changes from `iterative`: many connections at once, one process each.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <unordered_set>

#include "servers/connection.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"
#include "servers/worker_processes.h"

namespace fanin::server {
namespace {

[[noreturn]] void serve_in_child(Server& server, net::Descriptor socket) {
  begin_child_counts();
  stop::begin_child();
  server.close_listeners();
  serve_blocking(std::move(socket), server);
  publish_process_counts();
  ::_exit(0);
}

// SIGCHLD only interrupts accept(); children are reaped here. One signal may stand for several children.
void collect(std::unordered_set<pid_t>& children) {
  for (pid_t ended = 0; (ended = ::waitpid(-1, nullptr, WNOHANG)) > 0;) {
    children.erase(ended);
  }
}

void wake_on_child_exit() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  net::check(::sigaction(SIGCHLD, &action, nullptr), "sigaction");
}

void run(Server& server) {
  wake_on_child_exit();
  std::unordered_set<pid_t> children;
  const auto count_running = [&children] {
    collect(children);
    return children.size();
  };
  while (net::Descriptor socket = server.next_connection(count_running)) {
    count(Count::kCallFork);
    const pid_t child = ::fork();
    if (child == 0) {
      serve_in_child(server, std::move(socket));
    }
    if (child > 0) {
      children.insert(child);
    } else {
      count(Count::kRefusedResources);  // `socket` closes itself
    }
  }
  count(Count::kClosedOnError,
        end_children({children.begin(), children.end()}));  // the counts of killed children are lost
}

}  // namespace

extern const ServerModel kProcess{.name = "process",
                                  .summary = "fork per connection, blocking I/O",
                                  .run = run,
                                  .family = "blocking",
                                  .threads = ServerModel::Threads::kOne,
                                  .shares_memory = false};

}  // namespace fanin::server
