#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace fanin::server {

// Threads made ahead that all do the same. Owned by the thread that makes them.
class WorkerThreads {
 public:
  // Starts `count` threads. Each runs `body(its number)`, numbers from 0, and publishes its counts. None begins before
  // all are there. Throws std::system_error where they cannot all be made.
  WorkerThreads(int count, std::function<void(int)> body);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  // Waits until all have ended: tell them before.
  ~WorkerThreads();

 private:
  enum class Gate { kClosed, kOpen, kGoHome };

  void open_gate(Gate gate) noexcept;

  std::function<void(int)> body_;
  std::atomic<Gate> gate_{Gate::kClosed};
  std::vector<std::thread> threads_;
};

}  // namespace fanin::server
