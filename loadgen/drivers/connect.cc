#include "loadgen/drivers/connect.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

namespace fanin::load {
namespace {

constexpr std::uint64_t kChurnSources = 16;  // 16 addresses make churn CPU-bound, one is bound by ports in TIME_WAIT
// connect() tries one port after another, and searches all connections of the machine for the same pair of addresses at
// each. With half of the ports in use that took 57 % of the CPU at a million connections.
constexpr std::uint32_t kPortsPerConnection = 16;
constexpr std::uint64_t kMaxSources = 250 * 250;

bool uses_several_sources(const net::Address& target) { return target.family() == AF_INET && target.is_loopback(); }

// Without gaps, so that a server that selects by address modulo n gets equal shares.
net::Address source_address(std::uint64_t number) {
  return net::Address::parse(fmt::format("127.0.{}.{}", (number + 1) / 256, (number + 1) % 256), 0);
}

}  // namespace

SourceAddresses::SourceAddresses(const net::Address& target, std::uint64_t connections, bool churning) {
  const std::uint64_t carried = std::max<std::uint64_t>(1, net::local_port_range().count() / kPortsPerConnection);
  const std::uint64_t needed = std::max((connections + carried - 1) / carried, churning ? kChurnSources : 1);
  if (needed <= 1 || !uses_several_sources(target)) {
    return;
  }
  in_a_row_ = churning ? 1 : carried;
  for (std::uint64_t i = 0; i < std::min(needed, kMaxSources); ++i) {
    addresses_.push_back(source_address(i));
  }
}

ConnectResult start_connect(const net::Address& target, const net::Address* source, net::Blocking blocking,
                            Nanoseconds timeout, std::optional<int> receive_buffer_bytes) noexcept {
  const int type = SOCK_STREAM | SOCK_CLOEXEC | (blocking == net::Blocking::kNo ? SOCK_NONBLOCK : 0);
  ConnectResult connecting{.fd = net::Descriptor(::socket(target.family(), type, 0))};
  const auto fail = [&connecting] {
    connecting.error = errno;
    connecting.fd.reset();
    return std::move(connecting);
  };
  if (!connecting.fd) {
    return fail();
  }
  const int on = 1;
  if (!target.is_unix()) {
    ::setsockopt(connecting.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (timeout > Nanoseconds(0)) {
    const auto us = std::max<std::int64_t>(1, timeout / std::chrono::microseconds(1));
    const timeval limit{us / 1'000'000, us % 1'000'000};
    ::setsockopt(connecting.fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  if (receive_buffer_bytes) {  // before connect(), which announces the window
    ::setsockopt(connecting.fd.get(), SOL_SOCKET, SO_RCVBUF, &*receive_buffer_bytes, sizeof *receive_buffer_bytes);
  }
  if (source != nullptr) {
    // Without this option bind() would reserve a port for the address alone, not for the pair of both ends.
    ::setsockopt(connecting.fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (::bind(connecting.fd.get(), source->data(), source->size()) != 0) {
      return fail();
    }
  }
  if (::connect(connecting.fd.get(), target.data(), target.size()) == 0) {
    connecting.connected = true;
  } else if (errno != EINPROGRESS) {
    return fail();
  } else if (blocking == net::Blocking::kYes) {
    errno = ETIMEDOUT;  // Linux reports EINPROGRESS when SO_SNDTIMEO expires in connect()
    return fail();
  }
  return connecting;
}

}  // namespace fanin::load
