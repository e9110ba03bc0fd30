#pragma once

#include <cstdint>
#include <optional>

#include "loadgen/plan/plan.h"

namespace fanin::load {

// The resources that this machine has left for connections.
struct Headroom {
  std::uint64_t descriptors = 0;              // maximum per descriptor table
  bool tables_per_thread = false;             // every thread has its own table; else one per process
  std::optional<std::uint64_t> files;         // that the machine may still open; nullopt: unknown
  std::optional<std::uint64_t> memory_bytes;  // available; nullopt: unknown
};

// Reads the limits; raises the soft limit on descriptors to the hard one.
Headroom headroom();

// Spreads the connections of a plan over as many threads as the limit on descriptors requires: active ones over more
// event loops unless --threads is given; idle ones that do not fit next to them over additional loops, which sleep.
// Throws std::invalid_argument that names the limit and what to do.
void spread_over_threads(LoadPlan& plan, bool threads_given, const Headroom& room);

// Gives the calling thread a private copy of the descriptor table (unshare(CLONE_FILES)). Only this thread can use and
// close what it opens from then on, and RLIMIT_NOFILE applies to it alone. An unshared table also spares the kernel the
// reference counting of files, 1 to 2 % of a request's CPU time. Returns false if the kernel or a sandbox forbids it;
// the table then stays shared.
bool take_own_descriptor_table() noexcept;

// Whether threads of this process can have tables of their own.
bool descriptor_tables_can_be_split();

}  // namespace fanin::load
