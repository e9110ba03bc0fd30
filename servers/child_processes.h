#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace fanin::server {

// Sends SIGTERM to child processes, then SIGKILL to those that still run a margin after the drain timeout (stopped
// ones, for example). Returns after reaping all of them; the result is the number killed. Killed children are counted,
// their own counts are lost.
std::size_t end_children(std::vector<pid_t> children) noexcept;

}  // namespace fanin::server
