#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <thread>

#include "microbench/benchmarks.h"
#include "microbench/memory_chains.h"
#include "microbench/requirements.h"
#include "microbench/step_tasks.h"
#include "net/descriptor.h"

namespace fanin::microbench {
namespace {

constexpr std::size_t kTasks = 100;
constexpr std::size_t kSteps = 10;  // of each task in a batch

// Time of one step of one task, on one CPU.
template <typename Tasks>
void time_steps(benchmark::State& state, std::uint64_t loops) {
  const WorkSize size{kTasks, loops};
  const CpuBinding binding(choose_cpus(1).first);
  Tasks tasks(size);
  SerialTasks expected(size);
  tasks.do_steps(kSteps);
  expected.do_steps(kSteps);
  if (tasks.checksum() != expected.checksum()) {
    state.SkipWithError("the order of the steps changes the result");
    return;
  }
  while (state.KeepRunningBatch(kTasks * kSteps)) {
    tasks.do_steps(kSteps);
  }
}

template <typename Tasks>
void register_tasks(const char* name, std::uint64_t loops) {
  const auto body = [loops](benchmark::State& state) {
    skip_on_error(state, [&] { time_steps<Tasks>(state, loops); });
  };
  benchmark::RegisterBenchmark(fmt::format("tasks/{}/loops:{}", name, loops).c_str(), body)->UseRealTime();
}

}  // namespace

void register_task_benchmarks() {
  for (const std::uint64_t loops : {10U, 100U, 1000U, 10000U}) {
    register_tasks<SerialTasks>("serial", loops);
    register_tasks<UserFlowTasks<Coroutines>>("coroutine", loops);
    register_tasks<UserFlowTasks<Fibers>>("fiber", loops);
    register_tasks<ThreadTasks>("thread", loops);
  }
}

namespace {

constexpr std::size_t kChains = 16;  // about as many lines as a core fetches from memory at a time
constexpr std::size_t kPointers = 100;

// Time of one pointer of one task, on one CPU.
template <typename Chains>
void time_pointers(benchmark::State& state, std::size_t kib) {
  const std::vector<ChainNode>& chain = shared_chain(kib << 10);
  const CpuBinding binding(choose_cpus(1).first);
  Chains chains(chain, kChains);
  SerialChains expected(chain, kChains);
  chains.do_steps(kPointers);
  expected.do_steps(kPointers);
  if (chains.positions() != expected.positions()) {
    state.SkipWithError("the order of the tasks changes where they end");
    return;
  }
  while (state.KeepRunningBatch(kChains * kPointers)) {
    chains.do_steps(kPointers);
    benchmark::ClobberMemory();
  }
}

template <typename Chains>
void register_chains(const char* name, std::size_t kib) {
  const auto body = [kib](benchmark::State& state) {
    skip_on_error(state, [&] { time_pointers<Chains>(state, kib); });
  };
  benchmark::RegisterBenchmark(fmt::format("chase/{}/kib:{}", name, kib).c_str(), body)->UseRealTime();
}

}  // namespace

void register_chase_benchmarks() {
  for (const std::size_t kib : {16U, 1024U, 16384U, 262144U}) {  // in the order of sizes, since the table is shared
    register_chains<SerialChains>("serial", kib);
    register_chains<InterleavedChains<Coroutines>>("coroutine", kib);
    register_chains<InterleavedChains<Fibers>>("fiber", kib);
  }
}

namespace {

[[gnu::noinline]] server::Task run_coroutine_once(std::uint64_t& runs) {
  ++runs;
  co_return;
}

void create_coroutine(std::uint64_t& runs) { run_coroutine_once(runs).start(); }

void create_fiber(std::uint64_t& runs) {
  if (!server::Fiber::start(Fibers::kStackBytes, [&runs](server::Fiber& /*self*/) { ++runs; })) {
    throw std::runtime_error("cannot map the stack of a fiber: see vm.max_map_count");
  }
}

void create_thread(std::uint64_t& runs) {
  std::thread([&runs] { ++runs; }).join();
}

void create_process(std::uint64_t& runs) {
  const pid_t child = net::check(::fork(), "fork");
  if (child == 0) {
    ::_exit(0);
  }
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) {
    ++runs;
  }
}

// Time from the beginning of a flow to its end: created, run with an empty body, freed. On one CPU, so that all of it
// counts.
void time_creation(benchmark::State& state, void (*create)(std::uint64_t& runs)) {
  const CpuBinding binding(choose_cpus(1).first);
  std::uint64_t runs = 0;
  create(runs);
  if (runs != 1) {
    state.SkipWithError("the new flow does not run");
    return;
  }
  for ([[maybe_unused]] auto _ : state) {
    create(runs);
    benchmark::ClobberMemory();
  }
  if (runs != 1 + static_cast<std::uint64_t>(state.iterations())) {
    state.SkipWithError("a new flow has not run");
  }
}

}  // namespace

void register_create_benchmarks() {
  const std::pair<const char*, void (*)(std::uint64_t&)> kinds[] = {
      {"coroutine", create_coroutine}, {"fiber", create_fiber}, {"thread", create_thread}, {"process", create_process}};
  for (const auto& [name, create] : kinds) {
    const auto body = [create = create](benchmark::State& state) {
      skip_on_error(state, [&] { time_creation(state, create); });
    };
    benchmark::RegisterBenchmark(fmt::format("create/{}", name).c_str(), body)->UseRealTime();
  }
}

}  // namespace fanin::microbench
