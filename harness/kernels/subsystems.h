#pragma once

#include <array>
#include <string>
#include <string_view>

namespace fanin::harness {

inline constexpr std::string_view kUserCode = "user code";
inline constexpr std::string_view kOtherSubsystem = "other";

// What instructions are grouped by, in the order of reports and charts.
inline constexpr std::array<std::string_view, 14> kSubsystems = {
    kUserCode, "entry/exit", "epoll",  "poll/select", "io_uring", "sockets/TCP", "file descriptors",
    "memory",  "scheduler",  "timers", "locks/RCU",   "security", "processes",   kOtherSubsystem};

// The subsystem of a kernel function: that of the longest prefix in the table that fits its name without the
// underscores in front ("select_task_rq_fair" belongs to the scheduler, though "select_" to poll/select), "other" where
// none fits.
std::string_view subsystem_of(std::string_view function);

}  // namespace fanin::harness
