#include "servers/uring/ring.h"

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
  set_up_uring(ring_, entries, entries * 8, flags);
}

io_uring_sqe* Ring::next() {
  io_uring_sqe* operation = ::io_uring_get_sqe(&ring_);
  while (operation == nullptr) {
    count(Count::kCallIoUringEnter);
    const int result = ::io_uring_submit(&ring_);
    if (result < 0 && !is_transient_uring_error(-result)) {
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

void Ring::receive(const BufferRing& buffers, int fd, Tag tag) {
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
  if (result < 0 && !is_transient_uring_error(-result)) {
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

}  // namespace fanin::server
