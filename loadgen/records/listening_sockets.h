#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "net/socket.h"

namespace fanin::load {

// A TCP socket of this network namespace that listens.
struct ListeningSocket {
  std::uint64_t inode = 0;
  unsigned uid = 0;          // of its creator
  std::uint64_t drops = 0;   // connections dropped so far, for a full accept queue or lack of memory
  std::uint64_t queued = 0;  // connections waiting for accept(2)
};

// The sockets that receive the connections to a local target, from sock_diag(7): the listeners at its address, else
// those at the wildcard; several with SO_REUSEPORT. nullopt for a Unix-domain target, and if the kernel does not
// support it.
std::optional<std::vector<ListeningSocket>> listening_sockets(const Address& target);

// Adds those of one piece of the kernel's answer that match the target as well as those found so far; forgets the
// latter where it has better ones. `score` is that of the best so far, 0 at first. False: the answer is complete.
// Throws std::system_error where the kernel says that it failed.
bool add_listening_sockets(std::span<const std::byte> piece, const Address& target, int& score,
                           std::vector<ListeningSocket>& found);

}  // namespace fanin::load
