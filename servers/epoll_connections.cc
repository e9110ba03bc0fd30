#include "servers/epoll_connections.h"

#include <vector>

#include "servers/stop.h"

namespace fanin::server {

EpollConnections::EpollConnections(const Server& server, const Setup& setup)
    : table_(server),
      listeners_(setup.listeners),
      accept_batch_(server.options().accept_batch),
      interest_(setup.interest),
      inbox_(setup.inbox),
      limit_(setup.limit),
      worker_(setup.worker) {
  for (const Listener& listener : listeners_) {
    check(set_.add(listener.fd(), setup.listener_events) ? 0 : -1, "epoll_ctl");
  }
  if (inbox_ != nullptr) {
    watch(inbox_->fd());
  }
}

std::span<const epoll_event> EpollConnections::wait(int timeout_ms) {
  return set_.wait(events_, timeout_ms < 0 ? stop::wait_timeout_ms() : timeout_ms);
}

void EpollConnections::close(const Connection& connection) {
  table_.close(connection);  // close(2) removes it from the interest list
  if (limit_ != nullptr) {
    limit_->leave(worker_);
  }
}

void EpollConnections::unpark(const Connection& connection) {
  if (!set_.add(connection.fd(), interest_(connection.next()))) {
    close(connection);
  }
}

void EpollConnections::accept_from(int fd) {
  const auto open = [this] { return limit_ == nullptr ? table_.size() : 0; };
  const auto serve = [this](Descriptor socket) { adopt(std::move(socket)); };
  for (Listener& listener : listeners_) {
    if (listener.fd() == fd && !accept_batch(listener, accept_batch_, open, serve)) {
      set_.remove(fd);
      table_.begin_drain();
    }
  }
  if (inbox_ != nullptr && inbox_->fd() == fd) {
    take_from_inbox();
  }
}

void EpollConnections::take_from_inbox() {
  std::vector<Descriptor> sockets;
  const bool more_to_come = inbox_->take(sockets);
  for (Descriptor& socket : sockets) {
    adopt(std::move(socket));
  }
  if (!more_to_come) {
    table_.begin_drain();
  }
}

void EpollConnections::adopt(Descriptor socket) {
  if (limit_ != nullptr && !limit_->enter(worker_)) {
    return;
  }
  if (const Connection* connection = table_.open(std::move(socket))) {
    unpark(*connection);
  } else if (limit_ != nullptr) {
    limit_->leave(worker_);
  }
}

}  // namespace fanin::server
