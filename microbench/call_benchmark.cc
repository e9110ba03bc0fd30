#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

#include "microbench/benchmarks.h"
#include "microbench/connected_pairs.h"
#include "net/clock.h"

namespace fanin::microbench {
namespace {

constexpr std::size_t kCalls = 64;  // of one reading of the clock

// One batch: `before` and `after` are not timed, `calls` makes kCalls system calls.
struct Batch {
  std::function<void()> before;
  std::function<void()> calls;
  std::function<void()> after;
};

const auto kNothing = [] {};

// The first batch is not timed: its steps throw unless each call has its effect.
void time_batches(benchmark::State& state, const Batch& batch) {
  const auto run = [&batch] {
    batch.before();
    const net::TimePoint start = net::now();
    batch.calls();
    const net::TimePoint end = net::now();
    batch.after();
    return std::chrono::duration<double>(end - start).count();
  };
  run();
  while (state.KeepRunningBatch(kCalls)) {
    state.SetIterationTime(run());
  }
}

template <typename Body>
void register_call(const std::string& name, Body body) {
  benchmark::RegisterBenchmark(("call/" + name).c_str(), [body](benchmark::State& state) {
    skip_on_error(state, [&] { body(state); });
  })->UseManualTime();
}

// The order of a request and its reply, so that each segment leaves at once and carries the acknowledgement of the one
// before.
void time_send(benchmark::State& state, std::size_t bytes) {
  ConnectedPairs pairs(kCalls);
  pairs.connect_all();
  pairs.accept_all();
  time_batches(state, {kNothing, [&] { pairs.send_requests(bytes); },
                       [&] {
                         pairs.receive_requests(bytes);
                         pairs.send_replies(bytes);
                         pairs.receive_replies(bytes);
                       }});
  pairs.reset_all();
}

void time_recv(benchmark::State& state, std::size_t bytes) {
  ConnectedPairs pairs(kCalls);
  pairs.connect_all();
  pairs.accept_all();
  time_batches(state, {[&] { pairs.send_requests(bytes); }, [&] { pairs.receive_requests(bytes); },
                       [&] {
                         pairs.send_replies(bytes);
                         pairs.receive_replies(bytes);
                       }});
  pairs.reset_all();
}

void require(bool holds, const char* what) {
  if (!holds) {
    throw std::runtime_error(what);
  }
}

void time_recv_would_block(benchmark::State& state) {
  ConnectedPairs pairs(kCalls);
  pairs.connect_all();
  pairs.accept_all();
  const auto calls = [&] { require(pairs.count_would_block() == kCalls, "recv does not report EAGAIN"); };
  time_batches(state, {kNothing, calls, kNothing});
  pairs.reset_all();
}

void time_accept4(benchmark::State& state) {
  ConnectedPairs pairs(kCalls);
  time_batches(state, {[&] { pairs.connect_all(); }, [&] { pairs.accept_all(); }, [&] { pairs.reset_all(); }});
}

void time_accept4_would_block(benchmark::State& state) {
  const ConnectedPairs pairs(kCalls);
  const auto calls = [&] {
    for (std::size_t call = 0; call < kCalls; ++call) {
      const int accepted = ::accept4(pairs.listener(), nullptr, nullptr, SOCK_CLOEXEC);
      require(accepted < 0 && errno == EAGAIN, "accept4 does not report EAGAIN");
    }
  };
  time_batches(state, {kNothing, calls, kNothing});
}

void time_connect(benchmark::State& state) {
  ConnectedPairs pairs(kCalls);
  const auto after = [&] {
    pairs.accept_all();
    pairs.reset_all();
  };
  time_batches(state, {kNothing, [&] { pairs.connect_all(); }, after});
}

// One descriptor, readable or not; the call does not sleep.
void time_epoll_wait(benchmark::State& state, unsigned ready) {
  const net::Descriptor event(net::check(::eventfd(ready, EFD_CLOEXEC), "eventfd"));
  const net::Descriptor epoll(net::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
  epoll_event watched{.events = EPOLLIN, .data = {.fd = event.get()}};
  net::check(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event.get(), &watched), "epoll_ctl");
  const auto calls = [&] {
    for (std::size_t call = 0; call < kCalls; ++call) {
      epoll_event found{};
      require(::epoll_wait(epoll.get(), &found, 1, 0) == static_cast<int>(ready), "epoll_wait finds a wrong event");
    }
  };
  time_batches(state, {kNothing, calls, kNothing});
}

// The least that any call costs: into the kernel and back.
void time_getppid(benchmark::State& state) {
  const auto calls = [] {
    for (std::size_t call = 0; call < kCalls; ++call) {
      benchmark::DoNotOptimize(::syscall(SYS_getppid));
    }
  };
  time_batches(state, {kNothing, calls, kNothing});
}

}  // namespace

void register_call_benchmarks() {
  register_call("getppid", time_getppid);
  for (const std::size_t bytes : {64U, 4096U}) {
    register_call(fmt::format("send/bytes:{}", bytes), [bytes](benchmark::State& state) { time_send(state, bytes); });
    register_call(fmt::format("recv/bytes:{}", bytes), [bytes](benchmark::State& state) { time_recv(state, bytes); });
  }
  register_call("recv_would_block", time_recv_would_block);
  register_call("connect", time_connect);
  register_call("accept4", time_accept4);
  register_call("accept4_would_block", time_accept4_would_block);
  register_call("epoll_wait/ready:1", [](benchmark::State& state) { time_epoll_wait(state, 1); });
  register_call("epoll_wait/ready:0", [](benchmark::State& state) { time_epoll_wait(state, 0); });
}

}  // namespace fanin::microbench
