#pragma once

#include <cstdint>
#include <optional>

#include "loadgen/plan/plan.h"

namespace fanin::load {

// What this machine still has for connections.
struct HeadRoom {
  std::uint64_t descriptors = 0;              // that a table may hold
  bool tables_per_thread = false;             // every thread has a table of its own; else the process has one
  std::optional<std::uint64_t> files;         // that the whole machine may still open; none: not known
  std::optional<std::uint64_t> memory_bytes;  // available; none: not known
};

// Reads it; raises the soft limit on descriptors to the hard one.
HeadRoom head_room();

// Spreads the connections of a plan over as many threads as the limit on descriptors asks for: active ones over more
// event loops unless their number was given, idle ones, where they do not fit in beside them, over loops of their own,
// which sleep. Throws std::invalid_argument naming the limit that does not suffice and what to do.
void spread_over_threads(LoadPlan& plan, bool threads_given, const HeadRoom& room);

}  // namespace fanin::load
