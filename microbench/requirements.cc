#include "microbench/requirements.h"

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <system_error>

#include "net/affinity.h"
#include "net/socket.h"

namespace fanin::microbench {

namespace {

// Standard streams, epoll, sockets to children, the output files.
constexpr std::size_t kSpareDescriptors = 32;

}  // namespace

void require_descriptors(std::size_t count) {
  const std::uint64_t limit = net::raise_descriptor_limit();
  if (count + kSpareDescriptors > limit) {
    throw std::runtime_error(fmt::format("needs {} descriptors, the limit is {}: raise it with ulimit -Hn",
                                         count + kSpareDescriptors, limit));
  }
}

CpuPair choose_cpus(std::size_t cpus) {
  const std::vector<int> allowed = net::allowed_cpus();
  if (cpus > allowed.size()) {
    throw std::runtime_error(
        fmt::format("needs {} CPUs, this process may use {}: see taskset -p", cpus, allowed.size()));
  }
  return {allowed.front(), cpus == 1 ? allowed.front() : allowed.back()};
}

CpuBinding::CpuBinding(int cpu) : former_(net::allowed_cpus()) { net::bind_to_cpus({cpu}); }

// A CPU that has been taken offline meanwhile is no reason to end the program.
CpuBinding::~CpuBinding() {
  try {
    net::bind_to_cpus(former_);
  } catch (const std::system_error&) {
  }
}

}  // namespace fanin::microbench
