#pragma once

#include <liburing.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace fanin {

// Sets up a ring with room for `entries` operations between two submissions and for `completions`; the kernel keeps
// further completions. `flags`: IORING_SETUP_* alternatives, the best first, tried until the kernel accepts one. Throws
// std::system_error. Undo it with io_uring_queue_exit().
void set_up_uring(io_uring& ring, unsigned entries, unsigned completions, std::initializer_list<unsigned> flags);

// Transient errors of io_uring_enter: a signal, a timeout, no memory for an operation, or completions that must be
// reaped first (kernels before 5.19).
bool uring_error_passes(int error) noexcept;

// A required opcode and the first kernel with it.
struct UringNeed {
  int opcode;
  std::string_view since;
};

// Why io_uring is unusable here (absent, forbidden, or older than `needs`), or nothing.
std::optional<std::string> why_no_io_uring(std::initializer_list<UringNeed> needs);

}  // namespace fanin
