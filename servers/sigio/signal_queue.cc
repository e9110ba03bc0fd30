#include "servers/sigio/signal_queue.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "servers/counters.h"

namespace fanin::server {
namespace {

// Real-time signals are queued with their descriptor; when the queue is full, the kernel sends plain SIGIO.
int io_signal() noexcept { return SIGRTMIN; }

void set_queue_limit(std::size_t limit) {
  rlimit pending{};
  net::check(::getrlimit(RLIMIT_SIGPENDING, &pending), "getrlimit");
  pending.rlim_cur = limit == 0 ? pending.rlim_max : limit;
  net::check(::setrlimit(RLIMIT_SIGPENDING, &pending), "cannot set RLIMIT_SIGPENDING");
}

// Block the signals before the first can arrive: unhandled, either ends the process.
net::Descriptor open_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, io_signal());
  ::sigaddset(&set, SIGIO);
  net::check(::sigprocmask(SIG_BLOCK, &set, nullptr), "sigprocmask");
  return net::Descriptor(net::check(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd"));
}

}  // namespace

SignalQueue::SignalQueue(std::size_t limit) : thread_(::gettid()) {
  set_queue_limit(limit);
  signals_ = open_signals();
}

bool SignalQueue::watch(int fd) noexcept {
  const f_owner_ex owner{.type = F_OWNER_TID, .pid = thread_};
  count(Count::kCallFcntl, 3);
  // O_ASYNC last: a signal before the other two are set would be plain SIGIO, or lost.
  if (::fcntl(fd, F_SETSIG, io_signal()) < 0 || ::fcntl(fd, F_SETOWN_EX, &owner) < 0 ||
      ::fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0) {
    count(Count::kRefusedResources);
    return false;
  }
  return true;
}

SignalQueue::Notices SignalQueue::wait(int timeout_ms) noexcept {
  pollfd pending{signals_.get(), POLLIN, 0};
  if (timeout_ms >= 0 && ::poll(&pending, 1, timeout_ms) <= 0) {  // read(2) of a signalfd has no timeout
    count_wait(0);
    return {};
  }
  std::array<signalfd_siginfo, kBatch> room;
  const ssize_t size = ::read(signals_.get(), room.data(), sizeof room);
  const std::size_t taken = size > 0 ? static_cast<std::size_t>(size) / sizeof(room[0]) : 0;
  count_wait(static_cast<int>(taken));
  Notices notices;
  std::size_t known = 0;
  for (std::size_t i = 0; i < taken; ++i) {
    if (static_cast<int>(room[i].ssi_signo) == SIGIO) {
      count(Count::kSignalOverflows);
      notices.overflowed = true;
    } else {
      descriptors_[known++] = room[i].ssi_fd;
    }
  }
  notices.descriptors = std::span(descriptors_).first(known);
  return notices;
}

}  // namespace fanin::server
