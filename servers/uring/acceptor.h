#pragma once

#include <cstddef>
#include <cstdint>

#include "servers/server.h"
#include "servers/uring/ring.h"

namespace fanin::server {

// Accepts on all listeners of a server through a ring, with the policy of Listener. Borrows both; the ring's thread.
class RingAcceptor {
 public:
  // One connection per operation, or a multishot operation (Linux 5.19).
  enum class Shots { kOne, kMany };

  // Makes the listeners non-blocking (accepted sockets block) and begins.
  RingAcceptor(Ring& ring, Server& server, Shots shots);

  static bool owns(const Completion& completion) noexcept { return completion.tag.kind >= kAccept; }

  // The result of a completion that it owns; `open` as for Listener::accept(). Continues to accept unless the listener
  // was stopped.
  Listener::Accepted on_completion(const Completion& completion, std::size_t open);

 private:
  enum Kind : std::uint8_t { kAccept = Ring::kFirstReservedKind, kReadable };

  void accept(std::uint32_t listener);
  void wait_until_readable(std::uint32_t listener);

  Ring& ring_;
  Server& server_;
  Shots shots_;
};

}  // namespace fanin::server
