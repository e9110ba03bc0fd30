#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/records/clock.h"
#include "net/descriptor.h"
#include "net/socket.h"

namespace fanin::load {

// Chooses the local address of every connection. One address has as many connections to one target as there are local
// ports, but connect() gets slower the fewer ports are free. So a run with more connections than a sixteenth of the
// ports uses 127.0.0.1 for the first sixteenth, 127.0.0.2 for the next, and so on. The addresses are used up one after
// the other, so that a server which selects by client address (fanin-server --steer source-ip) gets batches. Runs that
// reconnect all the time use up ports and rotate over 16 addresses. Targets outside 127.0.0.0/8 are left to the kernel.
// Read-only after construction; any thread.
class SourceAddresses {
 public:
  // `connections`: open at the same time in the whole run. `churning`: connections are reopened during the run.
  SourceAddresses(const net::Address& target, std::uint64_t connections, bool churning);

  // Null: the kernel chooses.
  const net::Address* of(std::uint64_t number) const noexcept {
    return addresses_.empty() ? nullptr : &addresses_[number / in_a_row_ % addresses_.size()];
  }
  std::size_t count() const noexcept { return addresses_.empty() ? 1 : addresses_.size(); }

 private:
  std::uint64_t in_a_row_ = 1;  // connections from one address
  std::vector<net::Address> addresses_;
};

struct ConnectResult {
  net::Descriptor fd;      // empty on failure
  int error = 0;           // errno of the failure
  bool connected = false;  // false with a descriptor: in progress; the socket becomes writable at the end
};

// Starts a connection with TCP_NODELAY. A blocking connect waits for the result; it and each later send time out after
// `timeout`. `receive_buffer_bytes` sets SO_RCVBUF, which the kernel doubles. Never throws: failures are values.
ConnectResult start_connect(const net::Address& target, const net::Address* source, net::Blocking blocking,
                            Nanoseconds timeout = {}, std::optional<int> receive_buffer_bytes = std::nullopt) noexcept;

}  // namespace fanin::load
