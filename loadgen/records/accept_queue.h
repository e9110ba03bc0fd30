#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "loadgen/records/listening_sockets.h"

namespace fanin::load {

// What the kernel has counted so far of connects that it dropped, since the accept queue was full: the client tries
// again a second later.
struct AcceptQueueCounts {
  std::optional<std::vector<ListeningSocket>> listeners;  // of the target
  std::optional<std::uint64_t> overflows;                 // of all listeners of this network namespace: ListenOverflows
};

// Those of a target on this machine.
AcceptQueueCounts accept_queue_counts(const Address& target);

// How often the target's own accept queues overflowed between two readings. A listener's own counter has drops for
// other causes too, so it is no more than all queues together did. Nothing where its listeners are not known.
std::optional<std::uint64_t> overflows_between(const AcceptQueueCounts& before, const AcceptQueueCounts& after);

// Connections that wait in the target's own accept queues. Nothing where its listeners are not known.
std::optional<std::uint64_t> waiting_for_accept(const Address& target);

// ListenOverflows from the text of /proc/net/netstat: lines in pairs, names above values.
std::optional<std::uint64_t> parse_listen_overflows(std::string_view netstat);

}  // namespace fanin::load
