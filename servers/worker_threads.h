#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace fanin::server {

// Pre-spawned threads with the same body. Owned by the thread that makes them.
class WorkerThreads {
 public:
  // Starts `count` threads. Each runs `body(its number)`, from 0, and publishes its counts. None begins before all
  // exist. Throws std::system_error if one cannot be created.
  WorkerThreads(int count, std::function<void(int)> body);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  // Waits for the end of all threads: ask them to end before.
  ~WorkerThreads();

 private:
  enum class Gate { kClosed, kOpen, kGoHome };

  void open_gate(Gate gate) noexcept;

  std::function<void(int)> body_;
  std::atomic<Gate> gate_{Gate::kClosed};
  std::vector<std::thread> threads_;
};

}  // namespace fanin::server
