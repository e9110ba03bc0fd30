#include "servers/server.h"

#include <fmt/format.h>
#include <poll.h>

#include <stdexcept>

#include "servers/stop.h"

namespace fanin::server {

Server::Server(ServerOptions options, protocols::SessionFactory sessions, bool reuse_port)
    : options_(std::move(options)), reuse_port_(reuse_port), sessions_(std::move(sessions)) {
  if (options_.listen.empty()) {
    listen(net::Address::parse(options_.bind, options_.port));
  }
  for (const std::string& target : options_.listen) {
    listen(net::Address::parse_target(target, net::PortZero::kAllowed));
  }
  let_accept_wait_for_all();
}

Server::Server(const Server& original, std::vector<Listener> listeners)
    : options_(original.options_),
      reuse_port_(original.reuse_port_),
      sessions_(original.sessions_),
      listeners_(std::move(listeners)) {
  let_accept_wait_for_all();
}

void Server::let_accept_wait_for_all() {
  if (listeners_.size() > 1) {
    for (Listener& listener : listeners_) {
      listener.set_nonblocking(net::Blocking::kYes);
    }
  }
}

void Server::listen(const net::Address& address) {
  if (!address.is_loopback() && !options_.allow_remote) {
    throw std::invalid_argument(
        fmt::format("{} is not a loopback address: give --allow-remote to serve other machines", address.host()));
  }
  if (reuse_port_ && address.port() != 0) {
    net::listen_on(address, {});  // fails if another server has the port, which SO_REUSEPORT would silently share
  }
  const net::ListenOptions listen_options{.backlog = options_.backlog, .reuse_port = reuse_port_};
  listeners_.emplace_back(address, listen_options, options_.max_connections);
  if (address.is_unix()) {
    socket_files_.emplace_back(address.path());
  }
  stop::watch_listener(listeners_.back().fd());
}

net::Descriptor Server::next_connection(const std::function<std::size_t()>& open) {
  for (;;) {
    Listener::Accepted accepted = accept(open());
    if (accepted.status == Listener::Status::kConnection || accepted.status == Listener::Status::kStopped) {
      return std::move(accepted.socket);
    }
  }
}

Listener::Accepted Server::accept(std::size_t open) {
  if (listeners_.size() == 1) {
    return listeners_.front().accept(open);
  }
  std::vector<pollfd> waiting;
  for (const Listener& listener : listeners_) {
    waiting.push_back({listener.fd(), POLLIN, 0});
  }
  for (;;) {
    ::poll(waiting.data(), waiting.size(), -1);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0) {
        continue;
      }
      Listener::Accepted accepted = listeners_[i].accept(open);
      if (accepted.status != Listener::Status::kNone) {
        return accepted;
      }
    }
    if (stop::requested()) {
      return {Listener::Status::kStopped, {}};
    }
  }
}

// The stop handler shuts the listener down, which poll(2) reports as POLLHUP.
void Server::wait_for_stop() const {
  pollfd hang_up{listeners_.front().fd(), 0, 0};
  while (!stop::requested()) {
    ::poll(&hang_up, 1, -1);
  }
}

std::vector<Listener> Server::more_listeners() { return listen_again(true); }

Server Server::replica() const { return {*this, listen_again(false)}; }

std::vector<Listener> Server::listen_again(bool nonblocking) const {
  std::vector<Listener> more;
  for (const Listener& listener : listeners_) {
    if (listener.address().is_unix()) {
      more.push_back(Listener::sharing(listener, nonblocking));
    } else {
      const net::ListenOptions listen_options{
          .backlog = options_.backlog, .reuse_port = true, .nonblocking = nonblocking};
      more.emplace_back(listener.address(), listen_options, options_.max_connections);
    }
    stop::watch_listener(more.back().fd());
  }
  return more;
}

void Server::set_nonblocking() {
  for (Listener& listener : listeners_) {
    listener.set_nonblocking(net::Blocking::kNo);
  }
}

void Server::accept_nonblocking() {
  for (Listener& listener : listeners_) {
    listener.accept_nonblocking();
  }
}

void Server::close_listeners() noexcept {
  for (Listener& listener : listeners_) {
    listener.close();
  }
}

}  // namespace fanin::server
