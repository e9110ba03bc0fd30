#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/epoll.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "microbench/benchmarks.h"
#include "microbench/cascade.h"
#include "microbench/waiters.h"
#include "net/clock.h"
#include "net/descriptor.h"

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

namespace {

// Time of one event: a byte is received and passed on, with the share of the wait.
template <typename Waiter>
void pass_events(benchmark::State& state, std::size_t count, std::size_t active) {
  close_shared_connections();
  Cascade<Waiter> cascade(count, active);
  if (cascade.wait_once() != active) {
    state.SkipWithError("the wait does not find the active descriptors");
    return;
  }
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(active))) {
    cascade.wait_once();
  }
  if (cascade.find_waiting().size() != active) {
    state.SkipWithError("an event was lost");
  }
}

template <typename Waiter>
void register_cascade(const char* name, std::size_t count, std::size_t active) {
  benchmark::RegisterBenchmark(fmt::format("cascade/{}/n:{}/active:{}", name, count, active).c_str(),
                               [count, active](benchmark::State& state) {
                                 skip_on_error(state, [&] { pass_events<Waiter>(state, count, active); });
                               });
}

}  // namespace

// Two descriptors for each: 10,000 exceed a limit of 20,000.
void register_cascade_benchmarks() {
  for (const std::size_t count : {100U, 1000U, 5000U, 10000U}) {
    for (const std::size_t active : {1U, 100U}) {
      register_cascade<SelectWaiter>("select", count, active);
      register_cascade<PollWaiter>("poll", count, active);
      register_cascade<EpollWaiter>("epoll", count, active);
    }
  }
}

namespace {

void change_all(const net::Descriptor& epoll, const std::vector<net::Descriptor>& sockets, int operation) {
  for (const net::Descriptor& socket : sockets) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket.get()}};
    net::check(::epoll_ctl(epoll.get(), operation, socket.get(), &event), "epoll_ctl");
  }
}

// Times `operation` over the whole set, since one call is too short for the clock. The inverse operation is not timed.
// Reports the time of one call.
void epoll_ctl_call(benchmark::State& state, int operation, std::size_t count) {
  const std::vector<net::Descriptor>& sockets = shared_connections(count).descriptors();
  const net::Descriptor epoll(net::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
  if (operation != EPOLL_CTL_ADD) {
    change_all(epoll, sockets, EPOLL_CTL_ADD);
  }
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
    const net::TimePoint start = net::now();
    change_all(epoll, sockets, operation);
    state.SetIterationTime(std::chrono::duration<double>(net::now() - start).count());
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
