#pragma once

#include <cstdint>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// Takes the kernel's timer interrupts, and all that is called from them, out of a cell with status "ok": of its sums,
// split, functions and paths. They come every 4 ms of the guest's clock, an instruction being a nanosecond: how many
// fall into a window depends on what was executed before it, such as the start of the server. Returns their
// instructions.
std::uint64_t exclude_timer_interrupts(Json& cell);

}  // namespace fanin::harness
