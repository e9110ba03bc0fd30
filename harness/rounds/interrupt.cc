#include "harness/rounds/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace fanin {
namespace {

volatile int event_fd = -1;  // for the handler alone

void on_signal(int) {
  const int saved = errno;
  const std::uint64_t one = 1;
  const ssize_t ignored = ::write(event_fd, &one, sizeof one);
  static_cast<void>(ignored);
  errno = saved;
}

}  // namespace

Interrupt::Interrupt() : event_(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  event_fd = event_.get();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

Interrupt::~Interrupt() {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  event_fd = -1;
}

}  // namespace fanin
