#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "microbench/benchmarks.h"
#include "microbench/connections.h"
#include "microbench/waiters.h"

namespace fanin::microbench {
namespace {

template <typename Waiter>
void wait_and_scan(benchmark::State& state, std::size_t count, std::size_t active) {
  Connections& connections = shared_connections(count);
  connections.activate(active);
  Waiter waiter(connections.descriptors());
  if (waiter.wait_and_scan() != active) {
    state.SkipWithError("the wait does not find the active descriptors");
    return;
  }
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(waiter.wait_and_scan());
  }
}

template <typename Waiter>
void register_waiter(const char* name, std::size_t count, std::size_t active) {
  benchmark::RegisterBenchmark(fmt::format("wait/{}/n:{}/active:{}", name, count, active).c_str(),
                               [count, active](benchmark::State& state) {
                                 skip_on_error(state, [&] { wait_and_scan<Waiter>(state, count, active); });
                               });
}

}  // namespace

void register_wait_benchmarks() {
  // In the order of N, since the connections are shared.
  for (const std::size_t count : {10U, 100U, 1000U, 10000U}) {
    for (const std::size_t active : {1U, 100U}) {
      if (active <= count) {
        register_waiter<SelectWaiter>("select", count, active);
        register_waiter<PollWaiter>("poll", count, active);
        register_waiter<EpollWaiter>("epoll", count, active);
      }
    }
  }
}

}  // namespace fanin::microbench
