#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "harness/json/json_reader.h"
#include "harness/kernels/raw_ledger.h"
#include "harness/kernels/symbols.h"

namespace fanin::harness {

// What a program's task was doing, by the innermost frame on the path that says so.
enum class Context {
  kUser,       // user code
  kSyscall,    // a system call, and the return of a new task to user code
  kSoftirq,    // the work of softirqs, on whatever they interrupted: received packets, timers
  kScheduler,  // within __schedule: choosing the next task and switching to it
  kInterrupt,  // interrupts and exceptions, such as page faults
  kThread,     // a kernel thread's own work
  kIdle,       // the idle loop
};
inline constexpr std::array<std::string_view, 7> kContextNames = {"user",      "syscall",       "softirq", "scheduler",
                                                                  "interrupt", "kernel-thread", "idle"};

// The context of a kernel function whose caller is in `caller`: the caller's own, except for the functions that begin
// another one.
Context context_below(Context caller, std::string_view function);
// The context of a task of this program that has no frame which says more.
Context context_at_root(Program program);

// The name of user code at an address of a program.
using UserNames = std::function<std::string(Program, std::uint64_t)>;

// The frame above all user code in "paths".
inline constexpr std::string_view kUserRoot = "[user]";

// The keys "requests" to "switches" of a cell in results/schema/ledger.schema.json. The sums over "split", "functions"
// and the nodes of "paths" each equal "instructions", since each node of the cell is booked once in each of them.
Json ledger_cell(const RawCell& cell, const KernelSymbols& symbols, const UserNames& user_name);

}  // namespace fanin::harness
