#include "servers/stop.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include "net/descriptor.h"

namespace fanin::server::stop {
namespace {

// A descriptor that the handler shuts down, with a bit for listeners; 0: free. Lock-free atomics only: the handler may
// interrupt any thread anywhere.
class Watched {
 public:
  bool take(int fd, bool listener) noexcept {
    unsigned free = 0;
    return word_.compare_exchange_strong(free, static_cast<unsigned>(fd) << 2 | (listener ? 2u : 0u) | 1u);
  }
  bool holds(int fd) const noexcept { return (word_.load() | 2u) == (static_cast<unsigned>(fd) << 2 | 3u); }
  void release() noexcept { word_.store(0); }

  void stop() const noexcept {
    if (const unsigned word = word_.load()) {
      ::shutdown(static_cast<int>(word >> 2), (word & 2u) != 0 ? SHUT_RDWR : SHUT_RD);
    }
  }
  void end() const noexcept {
    if (const unsigned word = word_.load()) {
      ::shutdown(static_cast<int>(word >> 2), SHUT_RDWR);
    }
  }

 private:
  std::atomic<unsigned> word_{0};
};

std::array<Watched, 1024> watched;
std::atomic<bool> stop_requested{false};
std::atomic<bool> has_timed_out{false};
itimerval drain_timer{};

void on_stop(int /*signal*/) {
  const int saved_errno = errno;
  if (!stop_requested.exchange(true)) {
    ::setitimer(ITIMER_REAL, &drain_timer, nullptr);
  }
  for (const Watched& entry : watched) {
    entry.stop();
  }
  errno = saved_errno;
}

void on_timeout(int /*signal*/) {
  const int saved_errno = errno;
  has_timed_out.store(true);
  for (const Watched& entry : watched) {
    entry.end();
  }
  errno = saved_errno;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;  // no SA_RESTART: an interrupted wait returns and checks
  net::check(::sigaction(signal, &action, nullptr), "sigaction");
}

void watch(int fd, bool listener) {
  for (Watched& entry : watched) {
    if (entry.take(fd, listener)) {
      if (timed_out()) {
        entry.end();
      } else if (requested()) {
        entry.stop();
      }
      return;
    }
  }
  throw std::invalid_argument("more than 1024 listening sockets: give fewer");
}

}  // namespace

void install(net::Nanoseconds drain_timeout) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(drain_timeout).count();
  drain_timer.it_value = {.tv_sec = microseconds / 1'000'000, .tv_usec = microseconds % 1'000'000};
  if (microseconds <= 0) {
    drain_timer.it_value.tv_usec = 1;  // zero would disarm the timer
  }
  handle(SIGTERM, on_stop);
  handle(SIGINT, on_stop);
  handle(SIGALRM, on_timeout);
  handle(SIGPIPE, SIG_IGN);
}

void watch_listener(int fd) { watch(fd, true); }

WatchConnection::WatchConnection(int fd) : fd_(fd) { watch(fd, false); }

WatchConnection::~WatchConnection() {
  for (Watched& entry : watched) {
    if (entry.holds(fd_)) {
      entry.release();
      return;
    }
  }
}

void begin_child() noexcept {
  for (Watched& entry : watched) {
    entry.release();
  }
  if (requested()) {
    ::setitimer(ITIMER_REAL, &drain_timer, nullptr);  // a child does not inherit its parent's
  }
}

net::Nanoseconds drain_timeout() noexcept {
  return std::chrono::seconds(drain_timer.it_value.tv_sec) + std::chrono::microseconds(drain_timer.it_value.tv_usec);
}

bool requested() noexcept { return stop_requested.load(std::memory_order_relaxed); }
bool timed_out() noexcept { return has_timed_out.load(std::memory_order_relaxed); }
int wait_timeout_ms() noexcept { return requested() ? 10 : -1; }

}  // namespace fanin::server::stop
