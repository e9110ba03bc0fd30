#include <benchmark/benchmark.h>

#include <array>
#include <random>

#include "loadgen/records/histogram.h"
#include "microbench/benchmarks.h"
#include "net/clock.h"

namespace fanin::microbench {
namespace {

using load::Histogram;

// Latencies as in a run: most are tens of microseconds, the tail is milliseconds. Drawn before the timing; their number
// is a power of two, so that the wrap-around is one mask.
std::array<net::Nanoseconds, 4096> make_latencies() {
  std::array<net::Nanoseconds, 4096> latencies{};
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> distribution(10.5, 1.0);  // median 36 us
  for (net::Nanoseconds& latency : latencies) {
    latency = net::Nanoseconds(static_cast<std::int64_t>(distribution(random)));
  }
  return latencies;
}

void record(benchmark::State& state) {
  const auto latencies = make_latencies();
  Histogram histogram;
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    histogram.record(latencies[next++ % latencies.size()]);
    benchmark::ClobberMemory();
  }
  if (histogram.count() != static_cast<std::uint64_t>(state.iterations())) {
    state.SkipWithError("the histogram lost samples");
  }
}

void merge(benchmark::State& state) {
  Histogram from;
  for (const net::Nanoseconds latency : make_latencies()) {
    from.record(latency);
  }
  Histogram into;
  for ([[maybe_unused]] auto _ : state) {
    into.merge(from);
    benchmark::ClobberMemory();
  }
}

void read_clock(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(net::now());
  }
}

}  // namespace

void register_histogram_benchmarks() {
  benchmark::RegisterBenchmark("histogram/record", record);
  benchmark::RegisterBenchmark("histogram/merge", merge);
  benchmark::RegisterBenchmark("clock/now", read_clock);
}

}  // namespace fanin::microbench
