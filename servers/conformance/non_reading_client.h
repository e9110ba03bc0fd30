#pragma once

#include <cstdint>

#include "servers/conformance/client.h"

namespace fanin::conformance {

// A peer that sends requests and reads no replies, with a small receive buffer so that the server's output soon blocks.
// Owns its connection, borrows the protocol. One thread.
class NonReadingClient {
 public:
  // Sends about `max_bytes` at most.
  NonReadingClient(const Address& server, ClientProtocol& protocol, std::uint32_t number, std::uint64_t max_bytes);

  Client& client() noexcept { return client_; }

  // Sends what the socket takes. False once everything is sent, or after many failures in a row: the server has stopped
  // reading.
  bool push();

  // Repeats push() until it returns false, with pauses for the server.
  void push_until_blocked();

 private:
  Client client_;
  std::uint64_t max_bytes_;
  int stuck_ = 0;
};

}  // namespace fanin::conformance
