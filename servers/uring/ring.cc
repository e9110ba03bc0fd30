#include "servers/uring/ring.h"

#include <poll.h>
#include <sys/socket.h>

#include <system_error>

#include "servers/counters.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

[[noreturn]] void throw_ring_error(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

}  // namespace

Ring::Ring(unsigned entries, std::initializer_list<unsigned> flags) {
  net::set_up_uring(ring_, entries, entries * 8, flags);
}

io_uring_sqe* Ring::next() {
  io_uring_sqe* operation = ::io_uring_get_sqe(&ring_);
  while (operation == nullptr) {
    count(Count::kCallIoUringEnter);
    const int result = ::io_uring_submit(&ring_);
    if (result < 0 && !net::is_transient_uring_error(-result)) {
      throw_ring_error(-result, "io_uring_submit");
    }
    if (result < 0) {
      take_completions();
    }
    operation = ::io_uring_get_sqe(&ring_);
  }
  return operation;
}

void Ring::send(int fd, std::string_view bytes, Tag tag) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_send(operation, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  set_tag(operation, tag);
}

void Ring::receive(const net::BufferRing& buffers, int fd, Tag tag) {
  io_uring_sqe* operation = next();
  buffers.prepare_receive(*operation, fd);
  set_tag(operation, tag);
}

void Ring::cancel(Tag tag) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_cancel64(operation, tag.packed(), 0);
  set_tag(operation, {kCancel, {}});
}

void Ring::submit_and_wait() {
  int result = 0;
  if (const int milliseconds = stop::wait_timeout_ms(); milliseconds < 0) {
    result = ::io_uring_submit_and_wait(&ring_, 1);
  } else {
    __kernel_timespec timeout{.tv_sec = 0, .tv_nsec = milliseconds * 1'000'000LL};
    io_uring_cqe* first = nullptr;
    result = ::io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
  }
  if (result < 0 && !net::is_transient_uring_error(-result)) {
    throw_ring_error(-result, "io_uring_enter");
  }
  count_wait(static_cast<int>(take_completions()), Count::kCallIoUringEnter);
}

std::size_t Ring::take_completions() {
  unsigned head = 0;
  unsigned taken = 0;
  const io_uring_cqe* entry = nullptr;
  io_uring_for_each_cqe(&ring_, head, entry) {
    const Tag tag = Tag::unpack(entry->user_data);
    if (tag.kind != kCancel) {  // the cancelled operation's own completion shows the outcome
      batch_.push_back({tag, entry->res, entry->flags});
    }
    ++taken;
  }
  ::io_uring_cq_advance(&ring_, taken);
  return taken;
}

RingAcceptor::RingAcceptor(Ring& ring, Server& server, Shots shots) : ring_(ring), server_(server), shots_(shots) {
  for (std::uint32_t i = 0; i < server_.listeners().size(); ++i) {
    server_.listeners()[i].set_nonblocking(net::Blocking::kYes);
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
