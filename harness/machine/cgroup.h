#pragma once

#include "harness/machine/fingerprint.h"

namespace fanin::harness {

// Adds what the control group of this process limits, and how often it was throttled: "cgroup.cpu_quota" (as the kernel
// writes it), "cgroup.cpu_statistics", "cgroup.memory_limit", "cgroup.pids_limit". Knows versions 1 and 2.
void add_cgroup(Fingerprint& print);

// The folder of `controller` that a text of /proc/self/cgroup gives, "" where that controller is in none (version 1).
// With version 2 ("0::/path") the controller does not matter.
std::string cgroup_folder(const std::string& text, const std::string& controller);

}  // namespace fanin::harness
