#include "harness/rounds/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace fanin::harness {
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
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    if (kSignals[i] != SIGHUP || before_[i].sa_handler != SIG_IGN) {  // nohup(1) has it ignored
      ::sigaction(kSignals[i], &action, nullptr);
    }
  }
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &before_[i], nullptr);
  }
  event_fd = -1;
}

}  // namespace fanin::harness
