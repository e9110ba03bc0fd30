#include "loadgen/uring_loop.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "net/errno_policy.h"

namespace fanin {
namespace {

constexpr unsigned kEntries = 1024;
constexpr unsigned kBuffers = 512;
constexpr std::size_t kBufferSize = 8192;
// Requests that are handed over together. More would save little and let the first of them wait for the last.
constexpr unsigned kSubmitBatch = 16;

[[noreturn]] void throw_ring_error(int error) {
  throw std::system_error(error, std::generic_category(), "io_uring_enter");
}

}  // namespace

// There is no asking for multishot receive itself; the send without copying came with the same kernel.
std::optional<std::string> why_no_uring_driver() { return why_no_io_uring({{IORING_OP_SEND_ZC, "6.0"}}); }

UringLoop::UringLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources)
    : EventLoop(plan, share, sources) {}

// The flag lets a loop that spins see in memory whether there is anything to enter the kernel for.
void UringLoop::start_io(int timer) {
  set_up_uring(ring_, kEntries,
               {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
                IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG});
  started_ = true;
  buffers_.emplace(ring_, kBuffers, kBufferSize);
  timer_ = timer;
  watch_timer();
}

// Operations hold the sockets open, so what was cancelled is handed over before the ring goes.
void UringLoop::stop_io() noexcept {
  if (started_) {
    ::io_uring_submit(&ring_);
    buffers_.reset();
    ::io_uring_queue_exit(&ring_);
    started_ = false;
  }
}

void UringLoop::watch_timer() {
  io_uring_sqe* operation = next();
  ::io_uring_prep_poll_multishot(operation, timer_, POLLIN);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kTimer, 0));
}

bool UringLoop::watch(std::uint32_t index) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_poll_add(operation, link(index).fd, POLLOUT);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kConnect, tag_of(index)));
  return true;
}

void UringLoop::start_receiving(std::uint32_t index) {
  io_uring_sqe* operation = next();
  buffers_->prepare_receive(*operation, link(index).fd);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kReceive, tag_of(index)));
}

// One send of a connection at a time, since the kernel may finish two in any order.
void UringLoop::transmit(std::uint32_t index, std::string_view bytes) {
  if (free_sends_.empty()) {
    free_sends_.push_back(static_cast<std::uint32_t>(sends_.size()));
    sends_.emplace_back();
  }
  const std::uint32_t number = free_sends_.back();
  free_sends_.pop_back();
  Send& send = sends_[number];
  send.bytes.assign(bytes);
  send.connection = tag_of(index);
  send.under_way = true;
  link(index).busy = true;
  queue_send(number, 0);
}

void UringLoop::queue_send(std::uint32_t number, std::size_t from) {
  Send& send = sends_[number];
  send.bytes.erase(0, from);
  io_uring_sqe* operation = next();
  // With MSG_WAITALL the kernel goes on by itself after a short send.
  ::io_uring_prep_send(operation, link(static_cast<std::uint32_t>(send.connection)).fd, send.bytes.data(),
                       send.bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kSend, number));
  if (::io_uring_sq_ready(&ring_) >= kSubmitBatch) {
    ::io_uring_submit(&ring_);  // what it refuses stays queued, and the next turn says why
  }
}

void UringLoop::let_go(std::uint32_t index) noexcept {
  const bool connecting = link(index).phase == Phase::kConnecting;
  cancel(connecting ? Kind::kConnect : Kind::kReceive, tag_of(index));
  for (std::uint32_t i = 0; link(index).busy && i < sends_.size(); ++i) {
    if (sends_[i].under_way && sends_[i].connection == tag_of(index)) {
      cancel(Kind::kSend, i);
    }
  }
}

// Without room for it the operation goes on; it ends with the ring.
void UringLoop::cancel(Kind kind, std::uint64_t what) noexcept {
  if (io_uring_sqe* operation = next_if_any()) {
    ::io_uring_prep_cancel64(operation, packed(kind, what), 0);
    ::io_uring_sqe_set_data64(operation, packed(Kind::kCancel, 0));
  }
}

io_uring_sqe* UringLoop::next_if_any() noexcept {
  io_uring_sqe* operation = ::io_uring_get_sqe(&ring_);
  if (operation == nullptr) {
    ::io_uring_submit(&ring_);
    operation = ::io_uring_get_sqe(&ring_);
  }
  return operation;
}

io_uring_sqe* UringLoop::next() {
  if (io_uring_sqe* operation = next_if_any()) {
    return operation;
  }
  throw_ring_error(EBUSY);  // a full queue of which the kernel takes nothing
}

void UringLoop::enter(TimePoint until) {
  int result = 0;
  if (::io_uring_cq_ready(&ring_) > 0) {
    result = ::io_uring_submit(&ring_);
  } else if (spins() || until <= at_) {
    const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
    if (::io_uring_sq_ready(&ring_) > 0 || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0) {
      result = ::io_uring_submit_and_get_events(&ring_);
    }
  } else if (timed()) {
    const timespec left = to_timespec(std::max(until - now(), Nanoseconds(0)));
    __kernel_timespec limit{.tv_sec = left.tv_sec, .tv_nsec = left.tv_nsec};
    io_uring_cqe* first = nullptr;
    result = ::io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr);
  } else {
    result = ::io_uring_submit_and_wait(&ring_, 1);
  }
  if (result < 0 && !uring_error_passes(-result)) {
    throw_ring_error(-result);
  }
}

int UringLoop::turn(TimePoint until) {
  enter(until);
  unsigned head = 0;
  unsigned count = 0;
  const io_uring_cqe* entry = nullptr;
  // Copies: handling one may make room on the queue for others.
  io_uring_for_each_cqe(&ring_, head, entry) {
    batch_[count++] = {entry->user_data, entry->res, entry->flags};
    if (count == batch_.size()) {
      break;
    }
  }
  ::io_uring_cq_advance(&ring_, count);
  if (count == 0) {
    return 0;
  }
  at_ = now();
  const TimePoint at = at_;  // when all of them had come
  for (unsigned i = 0; i < count; ++i) {
    handle(batch_[i].what, batch_[i].result, batch_[i].flags, at);
    dispatch();
  }
  return static_cast<int>(count);
}

void UringLoop::handle(std::uint64_t what, int result, unsigned flags, TimePoint at) {
  const std::uint64_t tag = what & ~(std::uint64_t{0xff} << 56);
  switch (static_cast<Kind>(what >> 56)) {
    case Kind::kReceive:
      on_received(tag, result, flags, at);
      break;
    case Kind::kSend:
      on_sent(static_cast<std::uint32_t>(tag), result);
      break;
    case Kind::kConnect:
      if (lives(tag) && link(static_cast<std::uint32_t>(tag)).phase == Phase::kConnecting) {
        connect_decided(static_cast<std::uint32_t>(tag));
      }
      break;
    case Kind::kTimer:
      timer_expired();
      if ((flags & IORING_CQE_F_MORE) == 0) {
        watch_timer();
      }
      break;
    case Kind::kCancel:
      break;  // whether there was anything to cancel shows in that operation's own completion
  }
}

// Buffers may run out within a batch; by the time a new receive is submitted all of them have been given back.
void UringLoop::on_received(std::uint64_t tag, int result, unsigned flags, TimePoint at) {
  const auto index = static_cast<std::uint32_t>(tag);
  if (lives(tag)) {
    if (result > 0) {
      received(index, buffers_->received(flags, result), at);
    } else if (result == 0) {
      end_of_stream(index);
    } else if (result != -ENOBUFS && result != -EAGAIN && result != -EINTR) {
      failed(index, ErrorKind::kReset);
    }
  }
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    buffers_->give_back(flags);
  }
  if ((flags & IORING_CQE_F_MORE) == 0 && lives(tag)) {
    start_receiving(index);
  }
}

void UringLoop::on_sent(std::uint32_t number, int result) {
  Send& send = sends_[number];
  const std::uint64_t tag = send.connection;
  const auto index = static_cast<std::uint32_t>(tag);
  const bool alive = lives(tag);
  const bool again = result == -EINTR || result == -EAGAIN;
  if (alive && (again || (result >= 0 && static_cast<std::size_t>(result) < send.bytes.size()))) {
    queue_send(number, again ? 0 : static_cast<std::size_t>(result));
    return;
  }
  send.under_way = false;
  free_sends_.push_back(number);
  if (!alive) {
    return;
  }
  if (result < 0) {
    failed(index, classify_io(-result) == IoError::kPeerGone ? ErrorKind::kReset : ErrorKind::kSendError);
    return;
  }
  sendable(index);
  if (!link(index).busy) {
    all_sent(index);
  }
}

}  // namespace fanin
