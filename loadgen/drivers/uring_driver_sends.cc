// The part of the io_uring driver that submits: sends in batches, and which of them have failed.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "loadgen/drivers/event_loop.h"
#include "loadgen/drivers/uring_driver.h"
#include "net/descriptor.h"

namespace fanin::load {
namespace {

constexpr int kMaxTries = 1000;  // to submit operations that the kernel has no memory for

[[noreturn]] void throw_ring_error(int error) {
  throw std::system_error(error, std::generic_category(), "io_uring_enter");
}

}  // namespace

void UringDriver::check_entered(int result) {
  if (result < 0 && !net::is_transient_uring_error(-result)) {
    throw_ring_error(-result);
  }
}

io_uring_sqe* UringDriver::next_after_submission() {
  submit();
  io_uring_sqe* operation = ::io_uring_get_sqe(&ring_);
  if (operation == nullptr) {
    throw_ring_error(EBUSY);  // the queue is full and the kernel accepts nothing
  }
  return operation;
}

// One send per connection at a time: after a short send a second one could overtake the rest.
void UringDriver::transmit(std::uint32_t index, std::string_view bytes, Lifetime lifetime) {
  io_uring_sqe* operation = next();  // may submit, which empties sends_
  Link& link = loop_.links()[index];
  link.busy = follows_up_;
  if (lifetime == Lifetime::kTransient) {
    bytes = copies_[queued_].assign(bytes);
  }
  sends_[queued_] = {LinkTable::make_tag(index, link), bytes};
  ::io_uring_prep_send(operation, link.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
  name_socket(*operation, index);
  operation->flags |= IOSQE_CQE_SKIP_SUCCESS;
  ::io_uring_sqe_set_data64(operation, packed(Kind::kSend, queued_));
  if (++queued_ > batch_size()) {
    submit();
    loop_.clock().read();
  }
}

// Without waiting.
void UringDriver::submit() {
  const unsigned before = ::io_uring_cq_ready(&ring_);
  const int result = ::io_uring_submit(&ring_);
  complete_sends(before);
  check_entered(result);
}

// The kernel may accept only a part, for lack of memory. Only when it has accepted all is it known which sends failed.
void UringDriver::submit_rest() {
  int result = 0;
  for (int tries = 0; ::io_uring_sq_ready(&ring_) > 0; ++tries) {
    if (tries == kMaxTries || (result < 0 && !net::is_transient_uring_error(-result))) {
      throw_ring_error(result < 0 ? -result : EBUSY);
    }
    result = ::io_uring_submit(&ring_);
  }
}

// A send with MSG_DONTWAIT is finished when its submission returns. With MSG_WAITALL a short send counts as failed and
// so posts a completion despite CQE_SKIP_SUCCESS. So all sends succeeded but those with a completion after `before`.
void UringDriver::complete_sends(unsigned before) {
  if (queued_ == 0) {
    return;
  }
  if (::io_uring_sq_ready(&ring_) > 0) [[unlikely]] {
    submit_rest();
  }
  const std::size_t count = std::exchange(queued_, 0);
  const bool follows_up = follows_up_;
  std::array<std::uint64_t, kMaxBatch + 1> sent;  // tags of finished sends; sendable() may overwrite sends_
  for (std::size_t i = 0; i < count && follows_up; ++i) {
    sent[i] = sends_[i].connection;
  }
  const unsigned after = ::io_uring_cq_ready(&ring_);
  const unsigned head = *ring_.cq.khead;
  const unsigned mask = *ring_.cq.kring_mask;
  for (unsigned i = before; i < after; ++i) {
    const io_uring_cqe& completion = ring_.cq.cqes[(head + i) & mask];
    if (parse_kind(completion) == Kind::kSend) [[unlikely]] {
      const auto number = static_cast<std::size_t>(completion.user_data & kSendNumber);
      sent[number] = LinkTable::kTimerTag;
      save_unsent(sends_[number], completion.res);
    }
  }
  for (std::size_t i = 0; i < count && follows_up; ++i) {
    if (sent[i] != LinkTable::kTimerTag && loop_.links().is_current(sent[i])) {
      const auto index = static_cast<std::uint32_t>(sent[i]);
      loop_.outbox().sendable(index);
      if (loop_.outbox().half_closes()) {
        loop_.outbox().all_sent(index);
      }
    }
  }
}

void UringDriver::save_unsent(const Send& send, int result) {
  const auto index = static_cast<std::uint32_t>(send.connection);
  if (!loop_.links().is_current(send.connection)) {
    return;
  }
  const net::IoError error = result < 0 ? net::classify_io(-result) : net::IoError::kWouldBlock;
  if (error == net::IoError::kWouldBlock || error == net::IoError::kInterrupted) {
    follows_up_ = loop_.links()[index].busy = true;
    loop_.outbox().keep_first(index, send.bytes.substr(static_cast<std::size_t>(std::max(result, 0))));
    wait_for_room(index);
  } else {
    loop_.failed(index, error == net::IoError::kPeerGone ? ErrorKind::kReset : ErrorKind::kSendError);
  }
}

void UringDriver::wait_for_room(std::uint32_t index) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_poll_add(operation, loop_.links()[index].fd, POLLOUT);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kRoom, loop_.links().make_tag(index)));
}

// Drops queued operations: at their submission the descriptor or its slot may belong to the next connection.
void UringDriver::drop_queued(std::uint64_t tag) noexcept {
  for (unsigned i = ring_.sq.sqe_head; i != ring_.sq.sqe_tail; ++i) {
    io_uring_sqe& operation = ring_.sq.sqes[i & ring_.sq.ring_mask];
    const bool is_send = parse_kind(operation.user_data) == Kind::kSend;
    if ((is_send ? sends_[operation.user_data & kSendNumber].connection : operation.user_data & kTag) == tag) {
      ::io_uring_prep_nop(&operation);
      operation.flags |= IOSQE_CQE_SKIP_SUCCESS;
      ::io_uring_sqe_set_data64(&operation, packed(Kind::kCancel, 0));
    }
  }
}

}  // namespace fanin::load
