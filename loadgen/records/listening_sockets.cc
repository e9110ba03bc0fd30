#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

#include "loadgen/records/server_processes.h"
#include "net/descriptor.h"

namespace fanin::load {
namespace {

// Reads an unaligned structure of the kernel. Zeros where it is cut off.
template <typename Structure>
Structure read_as(std::span<const std::byte> bytes) {
  Structure structure{};
  std::memcpy(&structure, bytes.data(), std::min(bytes.size(), sizeof structure));
  return structure;
}

struct Attributes {
  std::uint64_t drops = 0;
  bool v6_only = false;
};

Attributes read_attributes(std::span<const std::byte> rest) {
  Attributes attributes;
  while (rest.size() >= sizeof(rtattr)) {
    const auto head = read_as<rtattr>(rest);
    if (head.rta_len < sizeof head || head.rta_len > rest.size()) {
      break;
    }
    const auto value = rest.subspan(sizeof head, head.rta_len - sizeof head);
    if (head.rta_type == INET_DIAG_SKMEMINFO) {
      attributes.drops = read_as<std::array<std::uint32_t, SK_MEMINFO_VARS>>(value)[SK_MEMINFO_DROPS];
    } else if (head.rta_type == INET_DIAG_SKV6ONLY) {
      attributes.v6_only = read_as<std::uint8_t>(value) != 0;
    }
    rest = rest.subspan(std::min<std::size_t>(rest.size(), RTA_ALIGN(head.rta_len)));
  }
  return attributes;
}

// The bytes of an address as in the messages of the kernel.
std::array<std::uint32_t, 4> address_words(const net::Address& target) {
  std::array<std::uint32_t, 4> words{};
  if (target.family() == AF_INET) {
    words[0] = reinterpret_cast<const sockaddr_in*>(target.data())->sin_addr.s_addr;
  } else {
    std::memcpy(words.data(), &reinterpret_cast<const sockaddr_in6*>(target.data())->sin6_addr, sizeof words);
  }
  return words;
}

// The kernel prefers the listener with the higher score: its address counts first, then its family. 0: no match.
int score_socket(const inet_diag_msg& socket, const Attributes& attributes, const net::Address& target) {
  const bool same_family = socket.idiag_family == target.family();
  if (socket.idiag_state != TCP_LISTEN || socket.id.idiag_sport != htons(target.port()) ||
      (!same_family && (target.family() != AF_INET || attributes.v6_only))) {
    return 0;
  }
  const std::array<std::uint32_t, 4> wanted = address_words(target);
  const std::array<std::uint32_t, 4> mapped{0, 0, htonl(0xFFFF), wanted[0]};
  std::array<std::uint32_t, 4> bound{};
  std::copy(std::begin(socket.id.idiag_src), std::end(socket.id.idiag_src), bound.begin());
  const bool exact = bound == (same_family ? wanted : mapped);
  const bool wildcard = bound == std::array<std::uint32_t, 4>{};
  return exact || wildcard ? (exact ? 4 : 2) + (same_family ? 1 : 0) : 0;
}

void keep_best(const ListeningSocket& socket, int its_score, int& score, std::vector<ListeningSocket>& found) {
  if (its_score == 0 || its_score < score) {
    return;
  }
  if (its_score > score) {
    found.clear();
  }
  score = its_score;
  found.push_back(socket);
}

void ask(int fd, int family, const net::Address& target) {
  struct {
    nlmsghdr head;
    inet_diag_req_v2 request;
  } message{};
  message.head.nlmsg_len = sizeof message;
  message.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.request.sdiag_family = static_cast<__u8>(family);
  message.request.sdiag_protocol = IPPROTO_TCP;
  message.request.idiag_ext = 1U << (INET_DIAG_SKMEMINFO - 1);
  message.request.idiag_states = 1U << TCP_LISTEN;
  message.request.id.idiag_sport = htons(target.port());
  net::check(static_cast<int>(::send(fd, &message, sizeof message, 0)), "sock_diag");
}

}  // namespace

bool add_listening_sockets(std::span<const std::byte> piece, const net::Address& target, int& score,
                           std::vector<ListeningSocket>& found) {
  while (!piece.empty()) {
    const auto head = read_as<nlmsghdr>(piece);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > piece.size() || head.nlmsg_type == NLMSG_DONE) {
      return false;
    }
    const auto body = piece.subspan(sizeof head, head.nlmsg_len - sizeof head);
    if (head.nlmsg_type == NLMSG_ERROR) {
      throw std::system_error(-read_as<nlmsgerr>(body).error, std::generic_category(), "sock_diag");
    }
    const auto socket = read_as<inet_diag_msg>(body);
    const Attributes attributes = read_attributes(body.subspan(std::min(body.size(), sizeof socket)));
    keep_best({socket.idiag_inode, socket.idiag_uid, attributes.drops, socket.idiag_rqueue},
              score_socket(socket, attributes, target), score, found);
    piece = piece.subspan(std::min<std::size_t>(piece.size(), NLMSG_ALIGN(head.nlmsg_len)));
  }
  return true;
}

// Columns: number, address:port, the peer's, state, tx_queue:rx_queue, timer, retransmits, uid, timeout, inode. For a
// listener rx_queue is the length of its accept queue.
void parse_listening_sockets(std::string_view text, int family, const net::Address& target, int& score,
                             std::vector<ListeningSocket>& found) {
  constexpr std::size_t kHexWord = 8;
  std::istringstream lines{std::string(text)};
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream row(line);
    std::string number;
    std::string address;
    std::string peer;
    std::string queues;
    std::string skipped;
    unsigned state = 0;
    ListeningSocket socket;
    if (!(row >> number >> address >> peer >> std::hex >> state >> queues >> skipped >> skipped >> std::dec >>
          socket.uid >> skipped >> socket.inode) ||
        state != TCP_LISTEN) {
      return;  // the listeners come first
    }
    inet_diag_msg message{};
    message.idiag_family = static_cast<__u8>(family);
    message.idiag_state = TCP_LISTEN;
    const std::size_t colon = address.find(':');
    message.id.idiag_sport = htons(static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1), nullptr, 16)));
    for (std::size_t i = 0; (i + 1) * kHexWord <= colon && i < std::size(message.id.idiag_src); ++i) {
      message.id.idiag_src[i] = static_cast<__be32>(std::stoul(address.substr(i * kHexWord, kHexWord), nullptr, 16));
    }
    socket.queued = std::stoull(queues.substr(queues.find(':') + 1), nullptr, 16);
    keep_best(socket, score_socket(message, {}, target), score, found);
  }
}

namespace {

std::optional<std::vector<ListeningSocket>> ask_sock_diag(const net::Address& target) try {
  const net::Descriptor diag(net::check(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), "sock_diag"));
  const timeval limit{.tv_sec = 1, .tv_usec = 0};  // the kernel answers at once
  ::setsockopt(diag.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::vector<ListeningSocket> found;
  int score = 0;
  for (const int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET && target.family() != AF_INET) {
      continue;
    }
    ask(diag.get(), family, target);
    std::array<std::byte, 32768> piece{};
    int length = 0;
    do {
      length = net::check(static_cast<int>(::recv(diag.get(), piece.data(), piece.size(), 0)), "sock_diag");
    } while (add_listening_sockets(std::span(piece).first(static_cast<std::size_t>(length)), target, score, found));
  }
  return found;
} catch (const std::system_error&) {
  return std::nullopt;  // a kernel without inet_diag, or no permission
}

// The kernel writes a row for each connection too, so only the beginning is read.
std::optional<std::vector<ListeningSocket>> read_proc_net(const net::Address& target) {
  std::optional<std::vector<ListeningSocket>> found;
  int score = 0;
  for (const auto& [family, path] : {std::pair{AF_INET, "/proc/net/tcp"}, {AF_INET6, "/proc/net/tcp6"}}) {
    std::string text(32768, '\0');
    std::ifstream file(path);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (!text.empty()) {
      found = found ? std::move(found) : std::vector<ListeningSocket>{};
      parse_listening_sockets(text.substr(0, text.rfind('\n') + 1), family, target, score, *found);
    }
  }
  return found;
}

}  // namespace

std::optional<std::vector<ListeningSocket>> listening_sockets(const net::Address& target) {
  if (target.is_unix()) {
    return std::nullopt;
  }
  auto found = ask_sock_diag(target);
  return found ? found : read_proc_net(target);
}

std::optional<std::uint64_t> parse_listen_overflows(std::string_view netstat) {
  std::istringstream lines{std::string(netstat)};
  std::string line_of_names;
  std::string line_of_values;
  while (std::getline(lines, line_of_names) && std::getline(lines, line_of_values)) {
    std::istringstream names(line_of_names);
    std::istringstream values(line_of_values);
    std::string name;
    std::string value;
    while (names >> name && values >> value) {
      if (name == "ListenOverflows") {
        return std::stoull(value);
      }
    }
  }
  return std::nullopt;
}

AcceptQueueCounts accept_queue_counts(const net::Address& target) {
  std::ifstream file("/proc/net/netstat");
  return {listening_sockets(target), parse_listen_overflows(std::string(std::istreambuf_iterator<char>(file), {}))};
}

std::optional<std::uint64_t> waiting_for_accept(const net::Address& target) {
  const auto listeners = listening_sockets(target);
  if (!listeners) {
    return std::nullopt;
  }
  std::uint64_t waiting = 0;
  for (const ListeningSocket& listener : *listeners) {
    waiting += listener.queued;
  }
  return waiting;
}

std::optional<std::uint64_t> overflows_between(const AcceptQueueCounts& before, const AcceptQueueCounts& after) {
  if (!before.listeners || !after.listeners || after.listeners->empty()) {
    return std::nullopt;
  }
  std::uint64_t drops = 0;
  for (const ListeningSocket& listener : *after.listeners) {
    const auto same = std::find_if(before.listeners->begin(), before.listeners->end(),
                                   [&](const ListeningSocket& each) { return each.inode == listener.inode; });
    const std::optional<std::uint64_t> earlier = same == before.listeners->end() ? 0 : same->drops;
    if (!listener.drops || !earlier) {
      return std::nullopt;
    }
    drops += static_cast<std::uint32_t>(*listener.drops - *earlier);  // the kernel's counter has 32 bits
  }
  return before.overflows && after.overflows ? std::min(drops, *after.overflows - *before.overflows) : drops;
}

}  // namespace fanin::load
