#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>

#include "loadgen/records/recorder.h"

namespace fanin::load {

// Synchronises the phases of a run: connections up, traffic, all requests accounted for, closing. The load threads call
// the upper half, the controlling thread the lower half.
class Coordinator {
 public:
  explicit Coordinator(unsigned threads) : threads_(threads) {}

  // Connections are up or have failed. Blocks until the start; nullopt if the run is called off.
  std::optional<Window> wait_for_start();
  // Every request is accounted for. Blocks until connections may be closed.
  void wait_for_release();
  // The thread failed. all_ready() and all_done() rethrow its error.
  void fail(std::exception_ptr error);
  // When the window opens, as far as that is known; at first the time given to start().
  TimePoint opening() const noexcept { return opening_.load(std::memory_order_relaxed); }
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_relaxed); }

  // Each waits until `until` at most and returns whether all threads have arrived. Both rethrow a thread's error.
  bool all_ready(TimePoint until);
  bool all_done(TimePoint until);
  void start(const Window& window);
  // The window opens earlier than start() said; the threads check every kTick.
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
