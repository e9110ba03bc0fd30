// fanin-micro: what single calls cost, without a server. Options are Google Benchmark's; see --help.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <exception>

#include "harness/micro/benchmarks.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 2;
  }
  try {
    fanin::register_histogram_benchmarks();
    fanin::register_wait_benchmarks();
    fanin::register_epoll_ctl_benchmarks();
    fanin::register_protocol_benchmarks();
    if (benchmark::RunSpecifiedBenchmarks() == 0) {
      fmt::print(stderr, "fanin-micro: no benchmark has such a name: see --benchmark_list_tests\n");
      return 2;
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "fanin-micro: {}\n", error.what());
    return 2;
  }
  benchmark::Shutdown();
  return 0;
}
