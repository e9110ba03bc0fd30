// wait_until_read(): asks the kernel for the server's unread bytes.
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>

#include "servers/conformance/client.h"

namespace fanin::conformance {
namespace {

// Unread bytes in the receive queue of the socket with these addresses, by sock_diag(7), whose cost does not depend on
// the number of sockets. Empty if there is no such socket, or no module tcp_diag.
std::optional<std::uint32_t> unread_by_diagnosis(const Address& local, const Address& remote) {
  struct Request {
    nlmsghdr header;
    inet_diag_req_v2 what;
  } request{};
  request.header = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST};
  request.what.sdiag_family = AF_INET;
  request.what.sdiag_protocol = IPPROTO_TCP;
  request.what.idiag_states = ~0U;
  const auto* from = reinterpret_cast<const sockaddr_in*>(local.data());
  const auto* to = reinterpret_cast<const sockaddr_in*>(remote.data());
  request.what.id.idiag_sport = from->sin_port;
  request.what.id.idiag_dport = to->sin_port;
  request.what.id.idiag_src[0] = from->sin_addr.s_addr;
  request.what.id.idiag_dst[0] = to->sin_addr.s_addr;
  request.what.id.idiag_cookie[0] = request.what.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;

  static const Descriptor netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  std::array<char, 8192> reply;
  if (!netlink || ::send(netlink.get(), &request, sizeof request, 0) != sizeof request ||
      ::recv(netlink.get(), reply.data(), reply.size(), 0) < static_cast<ssize_t>(sizeof(nlmsghdr))) {
    return std::nullopt;
  }
  nlmsghdr header;
  std::memcpy(&header, reply.data(), sizeof header);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) {
    return std::nullopt;
  }
  inet_diag_msg found;
  std::memcpy(&found, reply.data() + NLMSG_HDRLEN, sizeof found);
  return found.idiag_rqueue;
}

// The same from /proc/net/tcp, which always exists and may be long.
std::optional<std::uint32_t> unread_by_listing(const Address& local, const Address& remote) {
  std::ifstream file("/proc/net/tcp");
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    unsigned local_port = 0;
    unsigned remote_port = 0;
    unsigned unread = 0;
    const int fields = std::sscanf(line.c_str(), " %*u: %*x:%x %*x:%x %*x %*x:%x", &local_port, &remote_port, &unread);
    if (fields == 3 && local_port == local.port() && remote_port == remote.port()) {
      return unread;
    }
  }
  return std::nullopt;
}

bool server_has_read_all(const Client& client, const Address& server) {
  if (!client.acknowledged()) {
    return false;
  }
  // The client's own socket exists, so this tells whether sock_diag works.
  static const bool diagnosis_works = unread_by_diagnosis(client.local(), server).has_value();
  const auto unread =
      diagnosis_works ? unread_by_diagnosis(server, client.local()) : unread_by_listing(server, client.local());
  return unread.value_or(0) == 0;
}

}  // namespace

void wait_until_read(std::span<const Client> clients, const Address& server) {
  wait_until("the server reads what was sent", [&] {
    return std::all_of(clients.begin(), clients.end(),
                       [&](const Client& client) { return server_has_read_all(client, server); });
  });
}

}  // namespace fanin::conformance
