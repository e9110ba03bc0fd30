#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "net/clock.h"
#include "net/descriptor.h"
#include "net/socket.h"

namespace fanin::load {

// Chooses the local address of every connection. One address carries as many connections to one target as there are
// local ports, but connect() gets slower the fewer of them are free; so where a run asks for more than a sixteenth of
// them, connections to 127.0.0.0/8 come from 127.0.0.1, the next sixteenth from 127.0.0.2, and so on: one after the
// other, so that a server which goes by the client's address (fanin-server --steer source-ip) gets them in batches.
// Where ports are used up by connecting anew all the time, they come from 16 addresses in turn. Other targets are left
// to the kernel. Read-only after construction; any thread.
class SourceAddresses {
 public:
  // `connections`: at the same time, in the whole run. `churning`: connections are opened anew during the run.
  SourceAddresses(const Address& target, std::uint64_t connections, bool churning);

  // Null: the kernel chooses.
  const Address* of(std::uint64_t number) const noexcept {
    return addresses_.empty() ? nullptr : &addresses_[number / in_a_row_ % addresses_.size()];
  }
  std::size_t count() const noexcept { return addresses_.empty() ? 1 : addresses_.size(); }

 private:
  std::uint64_t in_a_row_ = 1;  // connections from one address
  std::vector<Address> addresses_;
};

struct ConnectResult {
  Descriptor fd;           // empty on failure
  int error = 0;           // errno of the failure
  bool connected = false;  // false with a descriptor: under way, the socket becomes writable when it is decided
};

// Starts a connection with TCP_NODELAY set; a blocking one is waited for, and this and each of its sends last no longer
// than `timeout`. `receive_buffer_bytes` is SO_RCVBUF, of which the kernel makes twice as much. Never throws: failures
// are values.
ConnectResult start_connect(const Address& target, const Address* source, Blocking blocking, Nanoseconds timeout = {},
                            std::optional<int> receive_buffer_bytes = std::nullopt) noexcept;

// Ports that one local address offers, from /proc/sys/net/ipv4/ip_local_port_range; the kernel's default if unreadable.
std::uint32_t local_port_count() noexcept;

}  // namespace fanin::load
