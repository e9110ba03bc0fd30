#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>

#include "loadgen/records/recorder.h"

namespace fanin::load {

// Where the threads of a run meet: all connections up, then traffic, then everything accounted for, then closing.
// Threads call the upper part, the thread that directs the run the lower one.
class Coordinator {
 public:
  explicit Coordinator(unsigned threads) : threads_(threads) {}

  // Connections are up or have failed. Blocks until the start is given; nothing if the run has been called off.
  std::optional<Window> wait_for_start();
  // Every request is accounted for. Blocks until connections may be closed.
  void wait_for_release();
  // The thread cannot go on. Its error is rethrown by the director.
  void fail(std::exception_ptr error);
  // When the window opens, as far as that is known; at first what the start said.
  TimePoint opening() const noexcept { return opening_.load(std::memory_order_relaxed); }
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_relaxed); }

  // Each waits until `until` at most and returns whether all threads are there. Throw what a thread failed with.
  bool all_ready(TimePoint until);
  bool all_done(TimePoint until);
  void start(const Window& window);
  // The window opens earlier than the start said; the threads look every kTick.
  void open_at(TimePoint opening) noexcept { opening_.store(opening, std::memory_order_relaxed); }
  void call_off();
  void release();
  void interrupt() noexcept { interrupted_.store(true, std::memory_order_relaxed); }

 private:
  bool wait_until(TimePoint until, const unsigned& count);

  const unsigned threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned ready_ = 0;
  unsigned done_ = 0;
  bool decided_ = false;
  bool released_ = false;
  std::optional<Window> window_;
  std::exception_ptr error_;
  std::atomic<bool> interrupted_{false};
  std::atomic<TimePoint> opening_{TimePoint::max()};
};

}  // namespace fanin::load
