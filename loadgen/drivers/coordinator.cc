#include "loadgen/drivers/coordinator.h"

namespace fanin::load {

std::optional<Window> Coordinator::wait_for_start() {
  std::unique_lock lock(mutex_);
  ++ready_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return decided_; });
  return window_;
}

void Coordinator::wait_for_release() {
  std::unique_lock lock(mutex_);
  ++done_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return released_; });
}

void Coordinator::fail(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  if (!error_) {
    error_ = std::move(error);
  }
  changed_.notify_all();
}

bool Coordinator::wait_until(TimePoint until, const unsigned& count) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [&] { return count == threads_ || error_; });
  if (error_) {
    std::rethrow_exception(error_);
  }
  return count == threads_;
}

bool Coordinator::all_ready(TimePoint until) { return wait_until(until, ready_); }
bool Coordinator::all_done(TimePoint until) { return wait_until(until, done_); }

void Coordinator::start(const Window& window) {
  const std::lock_guard lock(mutex_);
  window_ = window;
  open_at(window.open);
  decided_ = true;
  changed_.notify_all();
}

void Coordinator::call_off() {
  const std::lock_guard lock(mutex_);
  interrupt();
  decided_ = true;
  released_ = true;
  changed_.notify_all();
}

void Coordinator::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

}  // namespace fanin::load
