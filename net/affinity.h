#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace fanin::net {

// Parses a Linux CPU list such as "0", "0,2-3". Throws std::invalid_argument naming what is wrong. Sorted, no
// duplicates.
std::vector<int> parse_cpu_list(std::string_view text);
std::string format_cpu_list(const std::vector<int>& cpus);

// The CPUs that a process may use, ascending; 0: the calling thread. Throws std::system_error if it is gone.
std::vector<int> allowed_cpus(pid_t process = 0);

// Binds the calling thread (and threads that it starts later) to `cpus`. Throws std::system_error if the kernel
// refuses.
void bind_to_cpus(const std::vector<int>& cpus);

}  // namespace fanin::net
