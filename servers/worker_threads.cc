#include "servers/worker_threads.h"

#include <system_error>

#include "servers/counters.h"

namespace fanin::server {

WorkerThreads::WorkerThreads(int count, std::function<void(int)> body) : body_(std::move(body)) {
  try {
    for (int number = 0; number < count; ++number) {
      server::count(Count::kCallThreadCreate);
      threads_.emplace_back([this, number] {
        gate_.wait(Gate::kClosed);
        if (gate_.load() == Gate::kOpen) {
          const PublishCounts publish;
          body_(number);
        }
      });
    }
  } catch (const std::system_error& error) {
    open_gate(Gate::kGoHome);
    throw std::system_error(error.code(), "cannot start all worker threads");
  }
  open_gate(Gate::kOpen);
}

WorkerThreads::~WorkerThreads() {
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void WorkerThreads::open_gate(Gate gate) noexcept {
  gate_.store(gate);
  gate_.notify_all();
}

}  // namespace fanin::server
