#pragma once

#include <string_view>
#include <vector>

#include "net/socket.h"

namespace fanin::net {

// All addresses of HOST:PORT in the resolver's order (getaddrinfo(3), RFC 6724): at least one. HOST is a name or an
// address; 0.0.0.0 and :: are this machine, as for connect(2). For "unix:/path" that one address. Throws
// std::invalid_argument if there is none.
std::vector<Address> resolve(std::string_view target);

// Whether connections to the address stay on this machine: loopback, a Unix-domain socket, or an address of an
// interface. Throws std::system_error if the interfaces cannot be read.
bool is_on_this_machine(const Address& address);

}  // namespace fanin::net
