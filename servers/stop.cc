#include "servers/stop.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <stdexcept>

#include "net/descriptor.h"

namespace fanin::stop {
namespace {

// Only lock-free atomics: the handler may interrupt anything, in any thread.
struct Watched {
  std::atomic<int> fd{-1};
  std::atomic<bool> listener{false};
};

std::array<Watched, 64> watched;
std::atomic<bool> stop_requested{false};
std::atomic<bool> grace_is_over{false};
itimerval grace_timer{};

void on_stop(int /*signal*/) {
  const int saved_errno = errno;
  if (!stop_requested.exchange(true)) {
    ::setitimer(ITIMER_REAL, &grace_timer, nullptr);
  }
  for (const Watched& entry : watched) {
    if (const int fd = entry.fd.load(); fd >= 0) {
      ::shutdown(fd, entry.listener.load() ? SHUT_RDWR : SHUT_RD);
    }
  }
  errno = saved_errno;
}

void on_grace_over(int /*signal*/) {
  const int saved_errno = errno;
  grace_is_over.store(true);
  for (const Watched& entry : watched) {
    if (const int fd = entry.fd.load(); fd >= 0) {
      ::shutdown(fd, SHUT_RDWR);
    }
  }
  errno = saved_errno;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;  // without SA_RESTART: a wait that is interrupted looks around
  check(::sigaction(signal, &action, nullptr), "sigaction");
}

void watch(int fd, bool listener) {
  for (Watched& entry : watched) {
    int free = -1;
    if (entry.fd.load() < 0) {
      entry.listener.store(listener);
      if (entry.fd.compare_exchange_strong(free, fd)) {
        if (requested()) {
          ::shutdown(fd, listener ? SHUT_RDWR : SHUT_RD);
        }
        return;
      }
    }
  }
  throw std::invalid_argument("more than 64 listening sockets: give fewer");
}

}  // namespace

void install(Nanoseconds grace) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(grace).count();
  grace_timer.it_value = {.tv_sec = microseconds / 1'000'000, .tv_usec = microseconds % 1'000'000};
  if (microseconds <= 0) {
    grace_timer.it_value.tv_usec = 1;  // zero would disarm the timer
  }
  handle(SIGTERM, on_stop);
  handle(SIGINT, on_stop);
  handle(SIGALRM, on_grace_over);
  handle(SIGPIPE, SIG_IGN);
}

void watch_listener(int fd) { watch(fd, true); }
void watch_connection(int fd) { watch(fd, false); }

void forget_all() noexcept {
  for (Watched& entry : watched) {
    entry.fd.store(-1);
  }
}

bool requested() noexcept { return stop_requested.load(std::memory_order_relaxed); }
bool grace_over() noexcept { return grace_is_over.load(std::memory_order_relaxed); }
int wait_timeout_ms() noexcept { return requested() ? 10 : -1; }

}  // namespace fanin::stop
