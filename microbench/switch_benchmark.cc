#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <type_traits>

#include "microbench/benchmarks.h"
#include "microbench/kernel_flows.h"
#include "microbench/requirements.h"
#include "microbench/rings.h"
#include "microbench/user_flows.h"

namespace fanin::microbench {
namespace {

// Of a batch: the clock and the caller's loop then cost nothing for each switch.
constexpr std::size_t kRoundTrips = 500;

// Time of one switch: half a round trip to the other flow.
template <typename Flow>
void time_switches(benchmark::State& state, Flow& flow) {
  flow.switch_to_and_back(kRoundTrips);
  if (flow.arrivals() != kRoundTrips) {
    state.SkipWithError("not every switch arrives in the other flow");
    return;
  }
  while (state.KeepRunningBatch(2 * kRoundTrips)) {
    flow.switch_to_and_back(kRoundTrips);
  }
  if (flow.arrivals() != kRoundTrips + static_cast<std::uint64_t>(state.iterations()) / 2) {
    state.SkipWithError("a switch was lost");
  }
}

template <typename Flow>
void register_user_flow(const char* name) {
  benchmark::RegisterBenchmark(fmt::format("switch/{}", name).c_str(), [](benchmark::State& state) {
    skip_on_error(state, [&] {
      const CpuBinding binding(choose_cpus(1).first);
      Flow flow;
      time_switches(state, flow);
    });
  });
}

// Real time: the caller sleeps during half of it.
template <typename Flow>
void register_kernel_flow(const char* name) {
  for (const std::size_t cpus : {1U, 2U}) {
    const auto body = [cpus](benchmark::State& state) {
      skip_on_error(state, [&] {
        const CpuPair pair = choose_cpus(cpus);
        const CpuBinding binding(pair.first);
        Flow flow(pair.second);
        time_switches(state, flow);
      });
    };
    benchmark::RegisterBenchmark(fmt::format("switch/{}/cpus:{}", name, cpus).c_str(), body)->UseRealTime();
  }
}

}  // namespace

void register_switch_benchmarks() {
  register_user_flow<GeneratorFlow>("generator");
  register_user_flow<CoroutineFlow>("coroutine");
  register_user_flow<FiberFlow>("fiber");
  register_kernel_flow<FutexThread>("thread/futex");
  register_kernel_flow<ConditionThread>("thread/condition_variable");
  register_kernel_flow<PipeThread>("thread/pipe");
  register_kernel_flow<FutexProcess>("process/futex");
  register_kernel_flow<PipeProcess>("process/pipe");
}

namespace {

// Time of one hop: a byte is received and sent on, and the next task gets to run.
template <typename Ring>
void time_hops(benchmark::State& state, Ring& ring, std::size_t tasks) {
  ring.go_around(1);  // throws unless every task has passed on the byte
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(tasks))) {
    ring.go_around(1);
  }
}

template <typename Ring>
void register_ring(const char* name, std::size_t tasks) {
  const auto body = [tasks](benchmark::State& state) {
    skip_on_error(state, [&] {
      const CpuBinding binding(choose_cpus(1).first);
      Ring ring(tasks);
      time_hops(state, ring, tasks);
    });
  };
  benchmark::RegisterBenchmark(fmt::format("switch_io/{}/tasks:{}", name, tasks).c_str(), body)->UseRealTime();
}

void register_thread_ring(std::size_t tasks, std::size_t cpus) {
  const auto body = [tasks, cpus](benchmark::State& state) {
    skip_on_error(state, [&] {
      const CpuPair pair = choose_cpus(cpus);
      const CpuBinding binding(pair.first);
      ThreadRing ring(tasks, pair);
      time_hops(state, ring, tasks);
    });
  };
  benchmark::RegisterBenchmark(fmt::format("switch_io/thread/tasks:{}/cpus:{}", tasks, cpus).c_str(), body)
      ->UseRealTime();
}

}  // namespace

void register_ring_benchmarks() {
  for (const std::size_t tasks : {10U, 500U}) {  // 500: as jimblandy/context-switch
    register_ring<IoOnlyRing>("io_only", tasks);
    register_ring<EpollRing<Coroutines>>("coroutine", tasks);
    register_ring<EpollRing<Fibers>>("fiber", tasks);
    register_thread_ring(tasks, 1);
    register_thread_ring(tasks, 2);
  }
}

}  // namespace fanin::microbench
