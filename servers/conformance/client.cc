#include "servers/conformance/client.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "net/errno_policy.h"

namespace fanin::conformance {
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

void connect_within_timeout(int fd, const Address& server) {
  if (::connect(fd, server.data(), server.size()) == 0) {
    return;
  }
  if (errno != EINPROGRESS) {
    throw_errno("connect");
  }
  pollfd connected{fd, POLLOUT, 0};
  if (::poll(&connected, 1, Deadline().poll_timeout_ms()) <= 0) {
    throw Failure("a connection was not established in time");
  }
  int error = 0;
  socklen_t size = sizeof error;
  check(::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), "SO_ERROR");
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "connect");
  }
}

}  // namespace

Client::Client(const Address& server, ClientProtocol& protocol, std::uint32_t number, int receive_buffer_bytes)
    : socket_(make_stream_socket(server.family(), Blocking::kNo)), protocol_(&protocol) {
  state_.connection = number;
  if (receive_buffer_bytes > 0) {
    check(::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes), "SO_RCVBUF");
  }
  connect_within_timeout(fd(), server);
  local_ = Address::of_local_end(fd());
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
    } else if (classify_io(errno) == IoError::kPeerGone || classify_io(errno) == IoError::kBroken) {
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
  ReplyOutcome outcome;
  if (length > 0) {
    bytes_received_ += static_cast<std::uint64_t>(length);
    outcome = protocol_->consume_all(state_, {bytes.data(), static_cast<std::size_t>(length)});
    if (outcome.mismatch || outcome.refused) {
      throw Failure(fmt::format("a wrong reply: {}", describe(*this)));
    }
  } else if (length == 0) {
    ending_ = send_failed_ ? Ending::kReset : Ending::kOrderly;
    protocol_->end_of_stream(state_);  // answered() shows an unanswered request
  } else if (classify_io(errno) == IoError::kPeerGone || classify_io(errno) == IoError::kBroken) {
    ending_ = Ending::kReset;
  }
}

bool Client::acknowledged() const {
  int unacknowledged = 0;
  check(::ioctl(fd(), SIOCOUTQ, &unacknowledged), "SIOCOUTQ");
  return unacknowledged == 0;
}

void Client::reset() noexcept {
  set_reset_on_close(fd());
  socket_.reset();
}

std::vector<Client> connect_many(std::size_t count, const Address& server, ClientProtocol& protocol,
                                 std::uint32_t first_number) {
  std::vector<Client> clients;
  clients.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    clients.emplace_back(server, protocol, first_number + static_cast<std::uint32_t>(i));
  }
  return clients;
}

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

void drive(std::span<Client> clients, std::string_view what, const Done& done, Nanoseconds timeout) {
  const Deadline deadline(timeout);
  while (step(clients, what, done, deadline) > 0) {
  }
}

void round_trip(std::span<Client> clients, std::size_t requests) {
  for (Client& client : clients) {
    client.ask(requests);
  }
  drive(clients, "a request and its reply", [](const Client& client) { return client.answered_all(); });
}

void expect_service(const Address& server, ClientProtocol& protocol) {
  Client client(server, protocol, 1'000'000);
  round_trip(client);
}

}  // namespace fanin::conformance
