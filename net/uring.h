#pragma once

#include <liburing.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace fanin {

// Sets up a ring with room for `entries` operations between two submissions and for `completions`; the kernel keeps
// completions beyond that until there is room. `flags` are tried in turn until the kernel takes one:
// IORING_SETUP_*, the best first. Throws std::system_error. To be undone by io_uring_queue_exit().
void set_up_uring(io_uring& ring, unsigned entries, unsigned completions, std::initializer_list<unsigned> flags);

// Errors of io_uring_enter that the next one gets over: a signal, a time-out, no memory for an operation just now, or
// completions that must be taken first (kernels before 5.19).
bool uring_error_passes(int error) noexcept;

// Something that is needed of io_uring: an opcode, and the kernel that first had it.
struct UringNeed {
  int opcode;
  std::string_view since;
};

// Why io_uring cannot be used here (absent, forbidden, or older than `needs`), or nothing.
std::optional<std::string> why_no_io_uring(std::initializer_list<UringNeed> needs);

}  // namespace fanin
