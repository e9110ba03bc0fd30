#include "servers/work_stealing/scheduler.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "servers/counters.h"

namespace fanin::server {
namespace {

constexpr std::size_t kBatch = 128;

}  // namespace

Scheduler::Scheduler(int workers)
    : workers_(workers),
      queues_(std::make_unique<RunQueue[]>(static_cast<std::size_t>(workers))),
      wakeup_fd_(net::check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  // Edge-triggered, so that no thread has to read it.
  net::check(set_.add(wakeup_fd_.get(), EPOLLIN | EPOLLET, nullptr) ? 0 : -1, "epoll_ctl");
}

void Scheduler::work(int worker) {
  while (!closed_.load()) {
    if (const std::coroutine_handle<> coroutine = next(worker)) {
      coroutine.resume();
    }
  }
  notify();  // wakes the next worker
}

void Scheduler::close() {
  closed_.store(true);
  notify();
}

// The oldest of its own queue, one of another's, or that of the first event. Null after a wakeup without either.
std::coroutine_handle<> Scheduler::next(int worker) {
  RunQueue& own = queues_[static_cast<std::size_t>(worker)];
  {
    const std::lock_guard lock(own.mutex);
    if (!own.runnable.empty()) {
      const std::coroutine_handle<> coroutine = own.runnable.front();
      own.runnable.pop_front();
      return coroutine;
    }
  }
  // Before looking at other queues: a thread that fills one later sees a sleeper and notifies.
  sleepers_.fetch_add(1);
  std::coroutine_handle<> coroutine = steal(worker);
  if (!coroutine) {
    coroutine = wait_for_events(own);
  }
  sleepers_.fetch_sub(1);
  return coroutine;
}

std::coroutine_handle<> Scheduler::steal(int thief) {
  for (int i = 1; i < workers_; ++i) {
    RunQueue& victim = queues_[static_cast<std::size_t>((thief + i) % workers_)];
    const std::lock_guard lock(victim.mutex);
    if (!victim.runnable.empty()) {
      const std::coroutine_handle<> coroutine = victim.runnable.front();
      victim.runnable.pop_front();
      count(Count::kHandedOver);
      if (!victim.runnable.empty() && sleepers_.load() > 1) {  // other than the thief
        notify();
      }
      return coroutine;
    }
  }
  return nullptr;
}

std::coroutine_handle<> Scheduler::wait_for_events(RunQueue& own) {
  std::array<epoll_event, kBatch> room;
  std::coroutine_handle<> first;
  bool queued = false;
  const auto events = set_.wait(room, -1);
  const std::lock_guard lock(own.mutex);
  for (const epoll_event& event : events) {
    if (event.data.ptr == nullptr) {
      continue;  // a wakeup: another queue has surplus, or close()
    }
    const auto coroutine = std::coroutine_handle<>::from_address(event.data.ptr);
    if (!first) {
      first = coroutine;
    } else {
      own.runnable.push_back(coroutine);
      queued = true;
    }
  }
  if (queued && sleepers_.load() > 1) {  // other than this worker
    notify();
  }
  return first;
}

void Scheduler::notify() noexcept {
  const std::uint64_t one = 1;
  count(Count::kCallHandOver);
  (void)!::write(wakeup_fd_.get(), &one, sizeof(one));
}

bool ScheduledSocket::arm(Connection::Next next, std::coroutine_handle<> coroutine) {
  const std::uint32_t events = EPOLLONESHOT | (next == Connection::Next::kWrite ? EPOLLOUT : EPOLLIN);
  if (std::exchange(watched_, true)) {
    scheduler_.set_.modify(fd_, events, coroutine.address());
    return true;
  }
  const bool armed = scheduler_.set_.add(fd_, events, coroutine.address());
  if (!armed) {
    watched_ = false;
  }
  return armed;
}

}  // namespace fanin::server
