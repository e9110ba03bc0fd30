#pragma once

#include <cstdint>

#include "servers/conformance/client.h"

namespace fanin::conformance {

// A peer that asks for more and more and reads nothing, with a small receive buffer so that the server's replies soon
// have nowhere to go. Owns its connection, borrows the protocol. One thread.
class Flooder {
 public:
  // Sends at most about `most_bytes`.
  Flooder(const Address& server, ClientProtocol& protocol, std::uint32_t number, std::uint64_t most_bytes);

  Client& client() noexcept { return client_; }

  // Sends what goes. False once it has sent everything, or nothing has gone many times in a row: the server has stopped
  // reading.
  bool push();

  // Pushes until that is so, giving the server time in between.
  void push_to_the_end();

 private:
  Client client_;
  std::uint64_t most_bytes_;
  int stuck_ = 0;
};

}  // namespace fanin::conformance
