// fanin-micro: the cost of single calls, without a server. The options are those of Google Benchmark; see --help.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "microbench/benchmarks.h"
#include "os/program.h"

namespace {

int run() {
  fanin::microbench::register_histogram_benchmarks();
  fanin::microbench::register_wait_benchmarks();
  fanin::microbench::register_epoll_ctl_benchmarks();
  fanin::microbench::register_cascade_benchmarks();
  fanin::microbench::register_call_benchmarks();
  fanin::microbench::register_switch_benchmarks();
  fanin::microbench::register_ring_benchmarks();
  fanin::microbench::register_create_benchmarks();
  fanin::microbench::register_task_benchmarks();
  fanin::microbench::register_chase_benchmarks();
  fanin::microbench::register_protocol_benchmarks();
  if (benchmark::RunSpecifiedBenchmarks() == 0) {
    throw std::invalid_argument("no benchmark has such a name: see --benchmark_list_tests");
  }
  benchmark::Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return fanin::os::kExitBadInput;
  }
  return fanin::os::run_program("fanin-micro", run);
}
