#include "net/resolve.h"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netdb.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace fanin::net {
namespace {

template <typename List>
using OwnedList = std::unique_ptr<List, void (*)(List*)>;

socklen_t address_length(const sockaddr& address) {
  return address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

// How connect(2) treats the wildcard address.
Address connectable(const Address& address) {
  const std::string host = address.host();
  return host == "0.0.0.0" ? Address::parse("127.0.0.1", address.port())
         : host == "::"    ? Address::parse("::1", address.port())
                           : address;
}

}  // namespace

std::vector<Address> resolve(std::string_view target) {
  if (target.starts_with("unix:")) {
    return {Address::parse_target(target)};
  }
  const HostPort wanted = split_host_port(target);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(wanted.host.c_str(), std::to_string(wanted.port).c_str(), &hints, &found);
      error != 0) {
    throw std::invalid_argument(fmt::format("'{}' has no address ({}): give a name that resolves, or an IP address",
                                            wanted.host, ::gai_strerror(error)));
  }
  const OwnedList<addrinfo> owned(found, ::freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    addresses.push_back(connectable(Address(*each->ai_addr, each->ai_addrlen)));
  }
  return addresses;
}

bool is_on_this_machine(const Address& address) {
  if (address.is_loopback()) {
    return true;
  }
  ifaddrs* found = nullptr;
  check(::getifaddrs(&found), "cannot read the addresses of this machine");
  const OwnedList<ifaddrs> owned(found, ::freeifaddrs);
  for (const ifaddrs* each = found; each != nullptr; each = each->ifa_next) {
    const bool has_address = each->ifa_addr != nullptr && each->ifa_addr->sa_family == address.family();
    if (has_address && Address(*each->ifa_addr, address_length(*each->ifa_addr)).host() == address.host()) {
      return true;
    }
  }
  return false;
}

}  // namespace fanin::net
