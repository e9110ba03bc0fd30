#pragma once

#include <cstddef>
#include <vector>

#include "net/descriptor.h"
#include "net/socket.h"

namespace fanin::microbench {

// TCP connections over loopback with both ends in this process. One call of each kind is too short for the clock, so
// each step does it on all connections. Owns all sockets; one thread. Throws std::system_error.
class ConnectedPairs {
 public:
  // Listens; no connection yet.
  explicit ConnectedPairs(std::size_t count);

  std::size_t size() const noexcept { return count_; }
  int listener() const noexcept { return listener_.get(); }

  // connect_all() opens all connections and leaves them in the listen queue; accept_all() accepts them.
  void connect_all();
  void accept_all();
  // Resets all connections: a FIN for each would leave as many ports in TIME_WAIT.
  void reset_all() noexcept;

  // Sends `bytes` on each client end, or server end, and receives them at the other ends: one call each. A receive
  // without data throws.
  void send_requests(std::size_t bytes) { send_each(clients_, bytes); }
  void receive_requests(std::size_t bytes) { receive_each(servers_, bytes); }
  void send_replies(std::size_t bytes) { send_each(servers_, bytes); }
  void receive_replies(std::size_t bytes) { receive_each(clients_, bytes); }

  // Tries to receive at each server end. Returns how many would have blocked.
  std::size_t count_would_block();

 private:
  void send_each(const std::vector<net::Descriptor>& ends, std::size_t bytes);
  void receive_each(const std::vector<net::Descriptor>& ends, std::size_t bytes);

  std::size_t count_;
  net::Descriptor listener_;
  net::Address address_;
  std::vector<net::Descriptor> clients_;
  std::vector<net::Descriptor> servers_;
  std::vector<char> buffer_;
};

}  // namespace fanin::microbench
