#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace fanin::server {

// Ends child processes: SIGTERM, then SIGKILL for those that still run when the drain timeout and a margin have passed
// (stopped ones, say). Returns when all have been collected, and how many were killed; those are counted, their own
// counts are lost.
std::size_t end_children(std::vector<pid_t> children) noexcept;

}  // namespace fanin::server
