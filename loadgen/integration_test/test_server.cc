#include "loadgen/integration_test/test_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "loadgen/runs/headroom.h"

namespace fanin::load {
namespace {

constexpr int kLateMs = 10;

void send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return;
    }
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

TestServer::TestServer(Behaviour behaviour) : TestServer(behaviour, Script{}) {}
TestServer::TestServer(Script script) : TestServer(Behaviour::kScripted, std::move(script)) {}

TestServer::TestServer(Behaviour behaviour, Script script)
    : behaviour_(behaviour),
      script_(std::move(script)),
      listener_(net::listen_on(net::Address::parse("127.0.0.1", 0), {.nonblocking = true})),
      wake_(net::check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      address_(net::Address::of_local_end(listener_.get())) {
  connections_.reserve(kMaxConnections);
  thread_ = std::thread([this] { serve(); });
}

TestServer::~TestServer() {
  stopping_.store(true);
  wake();
  thread_.join();
}

void TestServer::wake() const noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void TestServer::resume() noexcept {
  stalled_.store(false);
  wake();
}

void TestServer::serve() {
  // Like a server in a process of its own: the generator's threads, which copy this process's table when they take
  // their own, must not hold on to connections that are closed here, or the peer would never hear of it.
  take_own_descriptor_table();
  std::vector<pollfd> ready;
  ready.reserve(kMaxConnections + 2);
  while (!stopping_.load()) {
    ready.assign({{wake_.get(), POLLIN, 0}});
    if (!stalled_.load()) {
      ready.push_back({listener_.get(), static_cast<short>(connections_.size() < limit_.load() ? POLLIN : 0), 0});
      for (const Connection& connection : connections_) {
        const bool floods = connection.asked && !script_.flood.empty();
        ready.push_back({connection.fd.get(), static_cast<short>(POLLIN | (floods ? POLLOUT : 0)), 0});
      }
    }
    const int events = ::poll(ready.data(), ready.size(), script_.late ? kLateMs : -1);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t drained = ::read(wake_.get(), &count, sizeof count);
    for (std::size_t i = ready.size(); i-- > 2;) {
      keep_if(i - 2, events == 0 ? say_late(connections_[i - 2]) : handle(connections_[i - 2], ready[i].revents));
    }
    if (ready.size() > 1 && ready[1].revents != 0) {
      accept_all();
    }
  }
  connections_.clear();                    // here, because their numbers mean something in this thread's table alone
  connections_.clear();                    // in this table, which has them
  ::shutdown(listener_.get(), SHUT_RDWR);  // other tables have copies of it: closing it would not end it
}

void TestServer::accept_all() {
  while (connections_.size() < limit_.load()) {
    net::Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) {
      return;
    }
    ++accepted_;
    send_all(connection.get(), script_.greeting);
    if (behaviour_.load() != Behaviour::kCloseAtOnce) {
      connections_.push_back({.fd = std::move(connection), .number = accepted_.load()});
    }
  }
}

void TestServer::keep_if(std::size_t index, bool stays) {
  if (!stays) {
    connections_[index] = std::move(connections_.back());
    connections_.pop_back();
  }
}

// The next four return whether the connection stays open.
bool TestServer::handle(Connection& connection, short events) {
  if ((events & POLLOUT) != 0 && !flood(connection)) {
    return false;
  }
  return (events & ~POLLOUT) == 0 || answer(connection);
}

bool TestServer::say_late(Connection& connection) {
  if (!connection.asked) {
    return connection.number <= 4 || script_.closes_silent == 0 || script_.closes_silent-- == 0;
  }
  send_all(connection.fd.get(), *script_.late);
  return false;
}

bool TestServer::flood(Connection& connection) {
  const std::string_view rest = std::string_view(script_.flood).substr(connection.flooded);
  const ssize_t sent = ::send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  connection.flooded =
      (connection.flooded + static_cast<std::size_t>(std::max<ssize_t>(sent, 0))) % script_.flood.size();
  return sent >= 0 || errno == EAGAIN;
}

bool TestServer::use_protocol(Connection& connection, std::string_view received) {
  constexpr std::string_view kEmptyLine = "\r\n\r\n";
  while (!received.empty()) {
    const std::size_t end = received.find(kEmptyLine);
    const std::string_view request = received.substr(0, end);
    received.remove_prefix(end == std::string_view::npos ? received.size() : end + kEmptyLine.size());
    send_all(connection.fd.get(), script_.reply);
    if (!script_.closes_on.empty() && request.find(script_.closes_on) != std::string_view::npos) {
      return false;
    }
  }
  connection.asked = script_.late || !script_.flood.empty();
  return true;
}

bool TestServer::answer(Connection& connection) {
  const int fd = connection.fd.get();
  std::array<char, 16384> buffer{};
  const ssize_t length = ::recv(fd, buffer.data(), buffer.size() - 1, 0);
  if (length <= 0) {
    return false;
  }
  auto size = static_cast<std::size_t>(length);
  received_bytes_ += size;
  received_lines_ += static_cast<std::uint64_t>(std::count(buffer.data(), buffer.data() + size, '\n'));
  switch (behaviour_.load()) {
    case Behaviour::kCloseAtOnce:
    case Behaviour::kCloseEarly:
      return false;
    case Behaviour::kReset:
      net::set_reset_on_close(fd);
      return false;
    case Behaviour::kHalfClose:
      ::shutdown(fd, SHUT_WR);
      return true;
    case Behaviour::kSilent:
      return true;
    case Behaviour::kHalfReply:
      send_all(fd, {buffer.data(), size / 2});
      return false;
    case Behaviour::kWrongReply:
      buffer[size / 2] = static_cast<char>(buffer[size / 2] ^ 1);
      break;
    case Behaviour::kTooLong:
      buffer[size++] = '!';
      break;
    case Behaviour::kFragments:
      for (std::size_t i = 0; i < size; ++i) {
        send_all(fd, {&buffer[i], 1});
      }
      return true;
    case Behaviour::kScripted:
      return use_protocol(connection, {buffer.data(), size});
    case Behaviour::kCloseAfter:
    case Behaviour::kEchoes:
      break;
  }
  send_all(fd, {buffer.data(), size});
  return behaviour_.load() != Behaviour::kCloseAfter;
}

net::Address refusing_address() {
  // Bound but not listening: no other process can take the port while the process lives, and connecting is refused.
  static const net::Descriptor holder = [] {
    net::Descriptor fd(net::check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    const net::Address any = net::Address::parse("127.0.0.1", 0);
    net::check(::bind(fd.get(), any.data(), any.size()), "bind");
    return fd;
  }();
  return net::Address::of_local_end(holder.get());
}

}  // namespace fanin::load
