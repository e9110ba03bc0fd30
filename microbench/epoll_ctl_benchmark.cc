#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/epoll.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "microbench/benchmarks.h"
#include "microbench/connections.h"
#include "net/clock.h"
#include "net/descriptor.h"

namespace fanin::microbench {
namespace {

void change_all(const Descriptor& epoll, const std::vector<Descriptor>& sockets, int operation) {
  for (const Descriptor& socket : sockets) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket.get()}};
    check(::epoll_ctl(epoll.get(), operation, socket.get(), &event), "epoll_ctl");
  }
}

// Times `operation` over the whole set, since one call is too short for the clock. The inverse operation is not timed.
// Reports the time of one call.
void epoll_ctl_call(benchmark::State& state, int operation, std::size_t count) {
  const std::vector<Descriptor>& sockets = shared_connections(count).descriptors();
  const Descriptor epoll(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
  if (operation != EPOLL_CTL_ADD) {
    change_all(epoll, sockets, EPOLL_CTL_ADD);
  }
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
    const TimePoint start = now();
    change_all(epoll, sockets, operation);
    state.SetIterationTime(std::chrono::duration<double>(now() - start).count());
    if (operation == EPOLL_CTL_ADD) {
      change_all(epoll, sockets, EPOLL_CTL_DEL);
    } else if (operation == EPOLL_CTL_DEL) {
      change_all(epoll, sockets, EPOLL_CTL_ADD);
    }
  }
}

}  // namespace

void register_epoll_ctl_benchmarks() {
  const std::pair<const char*, int> operations[] = {
      {"add", EPOLL_CTL_ADD}, {"mod", EPOLL_CTL_MOD}, {"del", EPOLL_CTL_DEL}};
  for (const std::size_t count : {10U, 1000U, 10000U}) {
    for (const auto& [name, operation] : operations) {
      const std::string full_name = fmt::format("epoll_ctl/{}/n:{}", name, count);
      const auto body = [operation = operation, count](benchmark::State& state) {
        skip_on_error(state, [&] { epoll_ctl_call(state, operation, count); });
      };
      benchmark::RegisterBenchmark(full_name.c_str(), body)->UseManualTime();
    }
  }
}

}  // namespace fanin::microbench
