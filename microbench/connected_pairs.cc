#include "microbench/connected_pairs.h"

#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

#include "microbench/requirements.h"

namespace fanin::microbench {

ConnectedPairs::ConnectedPairs(std::size_t count)
    : count_(count),
      listener_(net::listen_on(net::Address::parse("127.0.0.1", 0),
                               net::ListenOptions{.backlog = static_cast<int>(count), .nonblocking = true})),
      address_(net::Address::of_local_end(listener_.get())) {
  require_descriptors(2 * count);
  clients_.reserve(count);
  servers_.reserve(count);
}

void ConnectedPairs::connect_all() {
  while (clients_.size() < count_) {
    clients_.push_back(net::make_stream_socket(address_.family(), net::Blocking::kYes));
    net::check(::connect(clients_.back().get(), address_.data(), address_.size()), "connect");
  }
}

void ConnectedPairs::accept_all() {
  while (servers_.size() < count_) {
    servers_.emplace_back(net::check(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
  }
}

void ConnectedPairs::reset_all() noexcept {
  for (const net::Descriptor& client : clients_) {
    net::set_reset_on_close(client.get());
  }
  clients_.clear();
  servers_.clear();
}

void ConnectedPairs::send_each(const std::vector<net::Descriptor>& ends, std::size_t bytes) {
  buffer_.resize(bytes);
  for (const net::Descriptor& end : ends) {
    if (net::check(::send(end.get(), buffer_.data(), bytes, MSG_NOSIGNAL), "send") != static_cast<ssize_t>(bytes)) {
      throw std::runtime_error("the socket does not take all bytes of a request at once");
    }
  }
}

void ConnectedPairs::receive_each(const std::vector<net::Descriptor>& ends, std::size_t bytes) {
  buffer_.resize(bytes);
  for (const net::Descriptor& end : ends) {
    if (net::check(::recv(end.get(), buffer_.data(), bytes, MSG_DONTWAIT), "recv") != static_cast<ssize_t>(bytes)) {
      throw std::runtime_error("a request does not arrive at once");
    }
  }
}

std::size_t ConnectedPairs::count_would_block() {
  buffer_.resize(1);
  std::size_t found = 0;
  for (const net::Descriptor& end : servers_) {
    if (::recv(end.get(), buffer_.data(), 1, MSG_DONTWAIT) < 0 && errno == EAGAIN) {
      ++found;
    }
  }
  return found;
}

}  // namespace fanin::microbench
