#include "servers/conformance/client.h"

#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <numeric>
#include <optional>
#include <system_error>
#include <utility>

#include "net/descriptor.h"

namespace fanin::conformance {

int Deadline::poll_timeout_ms() const noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - net::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

void wait_until(std::string_view what, const std::function<bool()>& holds, net::Nanoseconds timeout) {
  const Deadline deadline(timeout);
  while (!holds()) {
    if (deadline.over()) {
      throw Failure(fmt::format("timed out waiting: {}", what));
    }
    ::poll(nullptr, 0, 1);  // leaves the CPU to the server between two checks
  }
}

namespace {

const char* to_text(Client::Ending ending) {
  switch (ending) {
    case Client::Ending::kOpen:
      return "open";
    case Client::Ending::kOrderly:
      return "closed by the server";
    case Client::Ending::kReset:
      return "reset by the server";
  }
  return "?";
}

std::string describe(const Client& client) {
  return fmt::format("connection {} is {}, {} of {} requests answered, {} bytes sent, {} received", client.number(),
                     to_text(client.ending()), client.answered(), client.asked(), client.bytes_sent(),
                     client.bytes_received());
}

void connect_within_timeout(int fd, const net::Address& server) {
  if (::connect(fd, server.data(), server.size()) == 0) {
    return;
  }
  if (errno != EINPROGRESS) {
    net::throw_errno("connect");
  }
  pollfd connected{fd, POLLOUT, 0};
  if (::poll(&connected, 1, Deadline().poll_timeout_ms()) <= 0) {
    throw Failure("a connection was not established in time");
  }
  int error = 0;
  socklen_t size = sizeof error;
  net::check(::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), "SO_ERROR");
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "connect");
  }
}

}  // namespace

Client::Client(const net::Address& server, protocols::ClientProtocol& protocol, std::uint32_t number,
               int receive_buffer_bytes)
    : socket_(net::make_stream_socket(server.family(), net::Blocking::kNo)), protocol_(&protocol) {
  state_.connection = number;
  if (receive_buffer_bytes > 0) {
    net::check(::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes),
               "SO_RCVBUF");
  }
  connect_within_timeout(fd(), server);
  local_ = net::Address::of_local_end(fd());
}

void Client::ask(std::size_t requests) {
  for (std::size_t i = 0; i < requests; ++i) {
    protocol_->append_request(state_, outbox_);
  }
  half_close_ |= protocol_->half_closes();
}

std::size_t Client::send_some(std::size_t limit) {
  std::size_t sent = 0;
  if (!outbox_.empty() && limit > 0) {
    const ssize_t length = ::send(fd(), outbox_.data(), std::min(limit, outbox_.size()), MSG_NOSIGNAL);
    if (length > 0) {
      sent = static_cast<std::size_t>(length);
      outbox_.erase(0, sent);
      bytes_sent_ += sent;
    } else if (net::classify_io(errno) == net::IoError::kPeerGone || net::classify_io(errno) == net::IoError::kBroken) {
      send_failed_ = true;  // replies may still be unread: receive_some() finds the end
      outbox_.clear();
    }
  }
  if (half_close_ && outbox_.empty()) {
    half_close_ = false;
    ::shutdown(fd(), SHUT_WR);
  }
  return sent;
}

void Client::receive_some() {
  static std::array<char, 256 * 1024> bytes;
  const ssize_t length = ::recv(fd(), bytes.data(), bytes.size(), 0);
  protocols::ReplyOutcome outcome;
  if (length > 0) {
    bytes_received_ += static_cast<std::uint64_t>(length);
    outcome = protocol_->consume_all(state_, {bytes.data(), static_cast<std::size_t>(length)});
    if (outcome.mismatch || outcome.refused) {
      throw Failure(fmt::format("a wrong reply: {}", describe(*this)));
    }
  } else if (length == 0) {
    ending_ = send_failed_ ? Ending::kReset : Ending::kOrderly;
    protocol_->end_of_stream(state_);  // answered() shows an unanswered request
  } else if (net::classify_io(errno) == net::IoError::kPeerGone || net::classify_io(errno) == net::IoError::kBroken) {
    ending_ = Ending::kReset;
  }
}

bool Client::acknowledged() const {
  int unacknowledged = 0;
  net::check(::ioctl(fd(), SIOCOUTQ, &unacknowledged), "SIOCOUTQ");
  return unacknowledged == 0;
}

void Client::reset() noexcept {
  net::set_reset_on_close(fd());
  socket_.reset();
}

std::vector<Client> connect_many(std::size_t count, const net::Address& server, protocols::ClientProtocol& protocol,
                                 std::uint32_t first_number) {
  std::vector<Client> clients;
  clients.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    clients.emplace_back(server, protocol, first_number + static_cast<std::uint32_t>(i));
  }
  return clients;
}

namespace {

std::uint64_t count_received(std::span<const Client> clients) {
  return std::accumulate(clients.begin(), clients.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Client& client) { return sum + client.bytes_received(); });
}

}  // namespace

std::size_t step(std::span<Client> clients, std::string_view what, const Done& done, const Deadline& deadline) {
  std::vector<pollfd> entries;
  std::vector<Client*> waiting;
  for (Client& client : clients) {
    if (done(client)) {
      continue;
    }
    if (client.ended()) {
      throw Failure(fmt::format("{}: {}", what, describe(client)));
    }
    waiting.push_back(&client);
    entries.push_back({client.fd(), static_cast<short>(client.needs_to_send() ? POLLIN | POLLOUT : POLLIN), 0});
  }
  if (waiting.empty()) {
    return 0;
  }
  if (::poll(entries.data(), entries.size(), deadline.poll_timeout_ms()) <= 0 && deadline.over()) {
    throw Failure(fmt::format("{}: {} of {} not done in time, the first: {}", what, waiting.size(), clients.size(),
                              describe(*waiting.front())));
  }
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (entries[i].revents != 0) {
      waiting[i]->send_some();
      waiting[i]->receive_some();
    }
  }
  return waiting.size();
}

// The time begins anew with every byte: 2,000 forks take 20 s on a virtual machine that forks slowly.
void drive(std::span<Client> clients, std::string_view what, const Done& done, net::Nanoseconds timeout) {
  Deadline deadline(timeout);
  std::uint64_t received = 0;
  while (step(clients, what, done, deadline) > 0) {
    const std::uint64_t before = std::exchange(received, count_received(clients));
    deadline = received > before ? Deadline(timeout) : deadline;
  }
}

void round_trip(std::span<Client> clients, std::size_t requests) {
  for (Client& client : clients) {
    client.ask(requests);
  }
  drive(clients, "a request and its reply", [](const Client& client) { return client.answered_all(); });
}

void expect_service(const net::Address& server, protocols::ClientProtocol& protocol) {
  Client client(server, protocol, 1'000'000);
  round_trip(client);
}

// wait_until_read(): asks the kernel for the server's unread bytes.

namespace {

// Unread bytes in the receive queue of the socket with these addresses, by sock_diag(7), whose cost does not depend on
// the number of sockets. Empty if there is no such socket, or no module tcp_diag.
std::optional<std::uint32_t> unread_by_diagnosis(const net::Address& local, const net::Address& remote) {
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

  static const net::Descriptor netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
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
std::optional<std::uint32_t> unread_by_listing(const net::Address& local, const net::Address& remote) {
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

bool server_has_read_all(const Client& client, const net::Address& server) {
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

void wait_until_read(std::span<const Client> clients, const net::Address& server) {
  wait_until("the server reads what was sent", [&] {
    return std::all_of(clients.begin(), clients.end(),
                       [&](const Client& client) { return server_has_read_all(client, server); });
  });
}

namespace {

constexpr int kReceiveBufferBytes = 4096;
constexpr std::size_t kRequestsPerPush = 4096;
constexpr int kSendsPerPush = 64;
constexpr int kMaxStuckPushes = 10;

}  // namespace

NonReadingClient::NonReadingClient(const net::Address& server, protocols::ClientProtocol& protocol,
                                   std::uint32_t number, std::uint64_t max_bytes)
    : client_(server, protocol, number, kReceiveBufferBytes), max_bytes_(max_bytes) {}

bool NonReadingClient::push() {
  ++stuck_;
  std::size_t sent = 1;
  for (int i = 0; i < kSendsPerPush && sent > 0; ++i) {
    if (client_.sent_all() && client_.bytes_sent() < max_bytes_) {
      client_.ask(kRequestsPerPush);
    }
    sent = client_.send_some();
    stuck_ = sent > 0 ? 0 : stuck_;
  }
  return stuck_ < kMaxStuckPushes && client_.bytes_sent() < max_bytes_;
}

void NonReadingClient::push_until_blocked() {
  while (push()) {
    pollfd room{client_.fd(), POLLOUT, 0};
    ::poll(&room, 1, 5);
  }
}

}  // namespace fanin::conformance
