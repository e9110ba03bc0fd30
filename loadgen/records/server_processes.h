#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.h"

namespace fanin::load {

// A TCP socket of this network namespace that listens.
struct ListeningSocket {
  std::uint64_t inode = 0;
  unsigned uid = 0;  // of its creator
  // Connections dropped so far, for a full accept queue or lack of memory. nullopt without sock_diag.
  std::optional<std::uint64_t> drops;
  std::uint64_t queued = 0;  // connections waiting for accept(2)
};

// The sockets that receive the connections to a local target: the listeners at its address, else those at the
// wildcard; several with SO_REUSEPORT. From sock_diag(7), or from /proc/net/tcp and tcp6 if the kernel has no
// inet_diag. nullopt for a Unix-domain target, and if neither can be read.
std::optional<std::vector<ListeningSocket>> listening_sockets(const net::Address& target);

// Adds the sockets of one piece of the kernel's answer that match the target best. A better match replaces those found
// so far. `score` is that of the best match, 0 at first. Returns false when the answer is complete. Throws
// std::system_error if the kernel reports an error.
bool add_listening_sockets(std::span<const std::byte> piece, const net::Address& target, int& score,
                           std::vector<ListeningSocket>& found);

// The same for the text of /proc/net/tcp (AF_INET) or /proc/net/tcp6 (AF_INET6), which begins with the listeners. It
// does not show IPV6_V6ONLY: a wildcard of IPv6 counts for IPv4 too.
void parse_listening_sockets(std::string_view text, int family, const net::Address& target, int& score,
                             std::vector<ListeningSocket>& found);

// The kernel's counters of connects dropped because the accept queue was full. The client sends its SYN again a second
// later.
struct AcceptQueueCounts {
  std::optional<std::vector<ListeningSocket>> listeners;  // of the target
  std::optional<std::uint64_t> overflows;                 // of all listeners of this network namespace: ListenOverflows
};

// Reads them for a target on this machine.
AcceptQueueCounts accept_queue_counts(const net::Address& target);

// Overflows of the target's own accept queues between two readings. A listener's counter includes drops for other
// causes, so the overflows of all queues are an upper bound. nullopt if the target's listeners or drops are unknown.
std::optional<std::uint64_t> overflows_between(const AcceptQueueCounts& before, const AcceptQueueCounts& after);

// Connections in the target's own accept queues. nullopt if its listeners are unknown.
std::optional<std::uint64_t> waiting_for_accept(const net::Address& target);

// ListenOverflows from the text of /proc/net/netstat: lines in pairs, names above values.
std::optional<std::uint64_t> parse_listen_overflows(std::string_view netstat);

// The processes that serve a target.
struct ServerProcesses {
  std::vector<pid_t> roots;  // each with all its descendants; empty: unknown
  bool given = false;        // by --server-pid
  std::string reason;        // why they are unknown; empty: they are known
};

// Finds the processes that hold the listening sockets of a target on this machine, in some milliseconds. This process
// is excluded.
ServerProcesses find_server(const net::Address& target);

// The inodes of Unix-domain sockets that listen at `path`, from the text of /proc/net/unix.
std::set<std::uint64_t> parse_unix_listeners(std::string_view text, std::string_view path);

// The roots of the processes that hold a listening socket. The root of pre-forked workers is their leader, even if it
// is only their common parent. Init, which holds the sockets of services that it activates, is a root only if no other
// process holds them. `parent` of a process, 0: none; `self`: this process, whose ancestors are never leaders.
std::vector<pid_t> server_roots(const std::set<pid_t>& holders, pid_t self, const std::function<pid_t(pid_t)>& parent);

}  // namespace fanin::load
