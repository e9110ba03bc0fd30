#pragma once

#include <cstddef>
#include <vector>

// What benchmarks require of the machine. Where it is missing the functions throw, with the reason and what to do, so
// that skip_on_error skips the benchmark.
namespace fanin::microbench {

// Raises the limit of descriptors and throws std::runtime_error if `count` and those of the program exceed it.
void require_descriptors(std::size_t count);

// The CPUs of two flows of control. One value for both, or the first and the last CPU that this process may use: next
// to each other they are often two hardware threads of one core.
struct CpuPair {
  int first;
  int second;
};
// `cpus`: 1 or 2. Throws std::runtime_error if this process may use fewer.
CpuPair choose_cpus(std::size_t cpus);

// Binds the calling thread to one CPU, and at the end of its scope to its former CPUs. Threads and processes that start
// meanwhile stay on that CPU. Throws std::system_error.
class CpuBinding {
 public:
  explicit CpuBinding(int cpu);
  CpuBinding(const CpuBinding&) = delete;
  CpuBinding& operator=(const CpuBinding&) = delete;
  ~CpuBinding();

 private:
  std::vector<int> former_;
};

}  // namespace fanin::microbench
