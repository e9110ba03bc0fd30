#include "servers/uring/acceptor.h"

#include <poll.h>

namespace fanin::server {

RingAcceptor::RingAcceptor(Ring& ring, Server& server, Shots shots) : ring_(ring), server_(server), shots_(shots) {
  for (std::uint32_t i = 0; i < server_.listeners().size(); ++i) {
    server_.listeners()[i].set_nonblocking(Blocking::kYes);
    accept(i);
  }
}

Listener::Accepted RingAcceptor::on_completion(const Completion& completion, std::size_t open) {
  const std::uint32_t index = completion.tag.owner.index;
  Listener& listener = server_.listeners()[index];
  Listener::Accepted accepted =
      completion.tag.kind == kReadable ? listener.accept(open) : listener.on_accepted(completion.result, open);
  const bool goes_on = (completion.flags & IORING_CQE_F_MORE) != 0;
  if (accepted.status == Listener::Status::kNone) {
    wait_until_readable(index);
  } else if (accepted.status != Listener::Status::kStopped && !goes_on) {
    accept(index);
  }
  return accepted;
}

void RingAcceptor::accept(std::uint32_t listener) {
  const int fd = server_.listeners()[listener].fd();
  io_uring_sqe* operation = ring_.next();
  if (shots_ == Shots::kMany) {
    ::io_uring_prep_multishot_accept(operation, fd, nullptr, nullptr, SOCK_CLOEXEC);
  } else {
    ::io_uring_prep_accept(operation, fd, nullptr, nullptr, SOCK_CLOEXEC);
  }
  Ring::set_tag(operation, {kAccept, {listener, 0}});
}

// Without a free descriptor an accept fails at once, before it looks for a connection; a poll for the listener needs
// none.
void RingAcceptor::wait_until_readable(std::uint32_t listener) {
  io_uring_sqe* operation = ring_.next();
  ::io_uring_prep_poll_add(operation, server_.listeners()[listener].fd(), POLLIN);
  Ring::set_tag(operation, {kReadable, {listener, 0}});
}

}  // namespace fanin::server
