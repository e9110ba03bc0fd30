#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "net/descriptor.h"

namespace fanin {

// Readable once the process has ended; invalid, with errno, where there is none. glibc 2.36 declares pidfd_open()
// without C linkage, so that C++ cannot link it.
Descriptor open_pidfd(pid_t pid);

// The numbers that are names of entries of a directory, such as /proc/PID/task; empty where it cannot be read.
std::vector<int> numbered_entries(const std::string& directory);

// The children that one task has started or adopted.
std::vector<pid_t> children_of(pid_t process, pid_t task);

// All live descendants of `root`, parents before children, without `root` itself. Numbers of processes that have ended
// meanwhile may be among them.
std::vector<pid_t> descendants_of(pid_t root);

// Sends a signal to all descendants of the calling process, children before parents, whose end would make them somebody
// else's. Certain to reach no other process, also
// where one of them ends meanwhile and its number is given to another. For a process of one thread that is a subreaper
// and collects its children nowhere else.
void signal_descendants(int number);

}  // namespace fanin
