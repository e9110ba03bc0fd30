#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "net/clock.h"

namespace fanin::harness {

// What the kernel holds for the whole machine and charges to no process: the slab allocator's caches (sockets, files,
// tasks, ...), reclaimable or not. Kernel stacks and page tables are not among them.
std::optional<std::uint64_t> parse_slab_bytes(std::string_view meminfo);

// The size of one task's kernel stack, which is a power of two: all stacks of the machine (/proc/meminfo) over all its
// tasks (/proc/loadavg, "0.00 0.01 0.05 1/97 4711": the second number of the pair). Nothing where the two do not fit
// together, as in a container that shows its own task count beside the machine's memory.
std::optional<std::uint64_t> parse_kernel_stack_size(std::string_view meminfo, std::string_view loadavg);

std::optional<std::uint64_t> read_slab_bytes();
std::optional<std::uint64_t> read_kernel_stack_size();

// Reads slab and kernel stacks again and again until they have not grown over a few readings, and returns the last slab
// reading: connections that the client's kernel calls established still wait for the server to accept them, and to make
// a process or a thread for each. Nothing where `at_most` is over before.
std::optional<std::uint64_t> read_settled_slab_bytes(Nanoseconds at_most);

}  // namespace fanin::harness
