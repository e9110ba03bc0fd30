#include "servers/server.h"

#include <fmt/format.h>

#include <stdexcept>

#include "servers/stop.h"

namespace fanin {
namespace {

SessionFactory sessions_of(const ServerOptions& options) {
  const Protocol& protocol = find_protocol(options.protocol);
  if (protocol.make_sessions == nullptr) {
    throw std::invalid_argument(fmt::format("protocol '{}' has no server's half: choose another", protocol.name));
  }
  return protocol.make_sessions(options.protocol_options);
}

}  // namespace

Server::Server(ServerOptions options) : options_(std::move(options)), sessions_(sessions_of(options_)) {
  const Address address = Address::parse(options_.bind, options_.port);
  if (!address.is_loopback() && !options_.allow_remote) {
    throw std::invalid_argument(
        fmt::format("{} is not a loopback address: give --allow-remote to serve other machines", options_.bind));
  }
  listeners_.emplace_back(address, ListenOptions{.backlog = options_.backlog}, options_.max_connections);
  stop::watch_listener(listeners_.back().fd());
}

void Server::set_nonblocking() {
  for (Listener& listener : listeners_) {
    listener.set_nonblocking();
  }
}

void Server::close_listeners() noexcept {
  for (Listener& listener : listeners_) {
    listener.close();
  }
}

}  // namespace fanin
