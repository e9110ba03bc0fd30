#pragma once

#include <benchmark/benchmark.h>

#include <exception>

// Each registers the benchmarks of one file under names that the charts read: `family/kind/key:value/...`.

namespace fanin::microbench {

void register_histogram_benchmarks();  // histogram/{record,merge}, clock/now
void register_wait_benchmarks();       // wait/{select,poll,epoll}/n:N/active:A: one wait and the scan of its result
void register_epoll_ctl_benchmarks();  // epoll_ctl/{add,mod,del}/n:N: one call, N descriptors registered
void register_call_benchmarks();       // call/NAME[/bytes:B]: one system call of a server, without waiting
void register_switch_benchmarks();     // switch/{generator,coroutine,fiber}, switch/{thread,process}/HOW/cpus:C
void register_ring_benchmarks();       // switch_io/{io_only,coroutine,fiber,thread}/tasks:T: one hop, driven by I/O
void register_create_benchmarks();     // create/{coroutine,fiber,thread,process}: begin, run, end
void register_task_benchmarks();       // tasks/{serial,coroutine,fiber,thread}/loops:L: one step of work
void register_chase_benchmarks();      // chase/{serial,coroutine,fiber}/kib:K: one pointer in a table of K KiB
void register_cascade_benchmarks();    // cascade/{select,poll,epoll}/n:N/active:A: one event, passed on to the next
void register_protocol_benchmarks();   // protocol/{server,client}/NAME/bytes:B: one request through one half

// Runs `body`. An exception skips this benchmark alone, with its text as the reason.
template <typename Body>
void skip_on_error(benchmark::State& state, Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

}  // namespace fanin::microbench
