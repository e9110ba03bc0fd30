#include "servers/child_processes.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

#include "net/clock.h"
#include "servers/counters.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

// Time for a child to close its connections and publish its counts after its own drain timeout.
constexpr Nanoseconds kMargin = std::chrono::milliseconds(500);

void signal_all(const std::vector<pid_t>& children, int signal) noexcept {
  for (const pid_t child : children) {
    ::kill(child, signal);
  }
}

// Removes the children that have exited from `children`.
void collect(std::vector<pid_t>& children) noexcept {
  std::erase_if(children, [](pid_t child) { return ::waitpid(child, nullptr, WNOHANG) != 0; });
}

}  // namespace

std::size_t end_children(std::vector<pid_t> children) noexcept {
  sigset_t child_signal;
  sigset_t former_mask;
  ::sigemptyset(&child_signal);
  ::sigaddset(&child_signal, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_signal, &former_mask);
  signal_all(children, SIGTERM);
  const TimePoint end = now() + stop::drain_timeout() + kMargin;
  for (collect(children); !children.empty() && now() < end; collect(children)) {
    const timespec left = to_timespec(std::max(end - now(), Nanoseconds(0)));
    ::sigtimedwait(&child_signal, nullptr, &left);  // SIGCHLD is blocked, so none is lost before the wait
  }
  count(Count::kWorkersKilled, children.size());
  signal_all(children, SIGKILL);
  for (const pid_t child : children) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::sigprocmask(SIG_SETMASK, &former_mask, nullptr);
  return children.size();
}

}  // namespace fanin::server
