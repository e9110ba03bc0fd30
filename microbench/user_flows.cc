#include "microbench/user_flows.h"

#include <stdexcept>

namespace fanin::microbench {

Coroutines::~Coroutines() {
  for (const std::coroutine_handle<> coroutine : coroutines_) {
    coroutine.destroy();
  }
}

Fibers::~Fibers() {
  ended_ = true;
  for (server::Fiber* fiber : fibers_) {
    fiber->resume();
  }
}

void Fibers::refuse_start() { throw std::runtime_error("cannot map the stack of a fiber: see vm.max_map_count"); }

Numbers Numbers::count() {
  for (std::uint64_t value = 1;; ++value) {
    co_yield value;
  }
}

CoroutineFlow::CoroutineFlow() : first_(run_first().release()), second_(run_second().release()) {}

CoroutineFlow::~CoroutineFlow() {
  first_.destroy();
  second_.destroy();
}

void CoroutineFlow::switch_to_and_back(std::size_t round_trips) {
  left_ = round_trips;
  first_.resume();
}

server::Task CoroutineFlow::run_first() {
  for (;;) {
    for (; left_ > 0; --left_) {
      co_await TransferTo{second_};
    }
    co_await TransferTo{std::noop_coroutine()};
  }
}

server::Task CoroutineFlow::run_second() {
  for (;;) {
    ++arrivals_;
    co_await TransferTo{first_};
  }
}

FiberFlow::FiberFlow() {
  fibers_.add([this] { ++arrivals_; });
}

void FiberFlow::switch_to_and_back(std::size_t round_trips) {
  for (; round_trips > 0; --round_trips) {
    fibers_.resume(0);
  }
}

}  // namespace fanin::microbench
