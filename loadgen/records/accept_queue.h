#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "loadgen/records/listening_sockets.h"

namespace fanin::load {

// The kernel's counters of connects dropped because the accept queue was full. The client sends its SYN again a second
// later.
struct AcceptQueueCounts {
  std::optional<std::vector<ListeningSocket>> listeners;  // of the target
  std::optional<std::uint64_t> overflows;                 // of all listeners of this network namespace: ListenOverflows
};

// Reads them for a target on this machine.
AcceptQueueCounts accept_queue_counts(const Address& target);

// Overflows of the target's own accept queues between two readings. A listener's counter includes drops for other
// causes, so the overflows of all queues are an upper bound. nullopt if the target's listeners are unknown.
std::optional<std::uint64_t> overflows_between(const AcceptQueueCounts& before, const AcceptQueueCounts& after);

// Connections in the target's own accept queues. nullopt if its listeners are unknown.
std::optional<std::uint64_t> waiting_for_accept(const Address& target);

// ListenOverflows from the text of /proc/net/netstat: lines in pairs, names above values.
std::optional<std::uint64_t> parse_listen_overflows(std::string_view netstat);

}  // namespace fanin::load
