#include "loadgen/drivers/uring_loop.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <system_error>

#include "net/errno_policy.h"

namespace fanin::load {
namespace {

constexpr unsigned kEntries = 128;
constexpr int kMaxTries = 1000;  // to submit operations that the kernel has no memory for
// The kernel may fill one buffer per connection before any is recycled, and a receive without a buffer ends and has to
// be submitted again. The buffers are used round robin, so more of them are only colder in the cache.
constexpr unsigned kMinBuffers = 256;
constexpr unsigned kMaxBuffers = 8192;
constexpr std::size_t kBufferSize = 2048;

[[noreturn]] void throw_ring_error(int error) {
  throw std::system_error(error, std::generic_category(), "io_uring_enter");
}

}  // namespace

// The ring releases a registered socket only when all older operations have ended, and multishot receives do not end.
// So runs that reopen connections do not register them.
UringLoop::UringLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources)
    : EventLoop(plan, share, sources, Transmit::kQueued, {.min = kMinBatch, .max = kMaxBatch, .fraction = 1}),
      registers_(share.connections > 0 && !plan.churns()),
      follows_up_(plan.pipeline > 1 || half_closes() || plan.send_bytes_per_s || share.idle > 0),
      sends_(batch_size() + 1),
      copies_(batch_size() + 1) {
  client_->set_request_slots(std::clamp<std::size_t>(share.connections, 1, sends_.size()));
}

// The completion queue has room for two completions per connection and for failed sends, which are handled right after
// the submission. IORING_SETUP_TASKRUN_FLAG shows a spinning loop in memory whether it has to enter the kernel.
void UringLoop::start_io(int timer) {
  const unsigned completions = std::bit_ceil(kEntries + 2 * (share_.connections + share_.idle));
  const unsigned shows_work = plan_.idle_strategy.kind == IdleStrategy::kSpin ? IORING_SETUP_TASKRUN_FLAG : 0;
  set_up_uring(
      ring_, kEntries, completions,
      {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | shows_work, IORING_SETUP_COOP_TASKRUN | shows_work});
  started_ = true;
  registers_ = registers_ && ::io_uring_register_files_sparse(&ring_, share_.connections) == 0;
  buffers_.emplace(ring_, std::clamp(std::bit_ceil(share_.connections), kMinBuffers, kMaxBuffers), kBufferSize);
  timer_ = timer;
  watch_timer();
}

// Operations hold the sockets open, so the cancellations are submitted before the ring is destroyed.
void UringLoop::stop_io() noexcept {
  if (started_) {
    ::io_uring_submit(&ring_);
    buffers_.reset();
    ::io_uring_queue_exit(&ring_);
    started_ = false;
  }
}

[[gnu::always_inline]] inline io_uring_sqe* UringLoop::next() {
  io_uring_sqe* operation = ::io_uring_get_sqe(&ring_);
  return operation != nullptr ? operation : next_after_submission();
}

io_uring_sqe* UringLoop::next_after_submission() {
  submit();
  io_uring_sqe* operation = ::io_uring_get_sqe(&ring_);
  if (operation == nullptr) {
    throw_ring_error(EBUSY);  // the queue is full and the kernel accepts nothing
  }
  return operation;
}

void UringLoop::watch_timer() {
  io_uring_sqe* operation = next();
  ::io_uring_prep_poll_multishot(operation, timer_, POLLIN);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kTimer, 0));
}

bool UringLoop::watch(std::uint32_t index) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_poll_add(operation, link(index).fd, POLLOUT);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kConnect, make_tag(index)));
  return true;
}

void UringLoop::start_receiving(std::uint32_t index) {
  if (registers_ && index < share_.connections) {
    ::io_uring_register_files_update(&ring_, index, &link(index).fd, 1);
  }
  receive(index);
}

void UringLoop::receive(std::uint32_t index) {
  io_uring_sqe* operation = next();
  buffers_->prepare_receive(*operation, link(index).fd);
  name_socket(*operation, index);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kReceive, make_tag(index)));
}

void UringLoop::name_socket(io_uring_sqe& operation, std::uint32_t index) const noexcept {
  if (registers_ && index < share_.connections) {
    operation.fd = static_cast<int>(index);
    operation.flags |= IOSQE_FIXED_FILE;
  }
}

// One send per connection at a time: after a short send a second one could overtake the rest.
void UringLoop::transmit(std::uint32_t index, std::string_view bytes, Lifetime lifetime) {
  io_uring_sqe* operation = next();  // may submit, which empties sends_
  Link& link = this->link(index);
  link.busy = follows_up_;
  if (lifetime == Lifetime::kTransient) {
    bytes = copies_[queued_].assign(bytes);
  }
  sends_[queued_] = {make_tag(index, link), bytes};
  ::io_uring_prep_send(operation, link.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
  name_socket(*operation, index);
  operation->flags |= IOSQE_CQE_SKIP_SUCCESS;
  ::io_uring_sqe_set_data64(operation, packed(Kind::kSend, queued_));
  if (++queued_ > batch_size()) {
    submit();
    read_clock();
  }
}

// Without waiting.
void UringLoop::submit() {
  const unsigned before = ::io_uring_cq_ready(&ring_);
  const int result = ::io_uring_submit(&ring_);
  complete_sends(before);
  if (result < 0 && !uring_error_passes(-result)) {
    throw_ring_error(-result);
  }
}

// The kernel may accept only a part, for lack of memory. Only when it has accepted all is it known which sends failed.
void UringLoop::submit_rest() {
  int result = 0;
  for (int tries = 0; ::io_uring_sq_ready(&ring_) > 0; ++tries) {
    if (tries == kMaxTries || (result < 0 && !uring_error_passes(-result))) {
      throw_ring_error(result < 0 ? -result : EBUSY);
    }
    result = ::io_uring_submit(&ring_);
  }
}

// A send with MSG_DONTWAIT is finished when its submission returns. With MSG_WAITALL a short send counts as failed and
// so posts a completion despite CQE_SKIP_SUCCESS. So all sends succeeded but those with a completion after `before`.
void UringLoop::complete_sends(unsigned before) {
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
      sent[number] = kTimerTag;
      save_unsent(sends_[number], completion.res);
    }
  }
  for (std::size_t i = 0; i < count && follows_up; ++i) {
    if (sent[i] != kTimerTag && is_current(sent[i])) {
      const auto index = static_cast<std::uint32_t>(sent[i]);
      sendable(index);
      if (half_closes()) {
        all_sent(index);
      }
    }
  }
}

void UringLoop::save_unsent(const Send& send, int result) {
  const auto index = static_cast<std::uint32_t>(send.connection);
  if (!is_current(send.connection)) {
    return;
  }
  const IoError error = result < 0 ? classify_io(-result) : IoError::kWouldBlock;
  if (error == IoError::kWouldBlock || error == IoError::kInterrupted) {
    follows_up_ = link(index).busy = true;
    keep_waiting_first(index, send.bytes.substr(static_cast<std::size_t>(std::max(result, 0))));
    wait_for_room(index);
  } else {
    failed(index, error == IoError::kPeerGone ? ErrorKind::kReset : ErrorKind::kSendError);
  }
}

void UringLoop::wait_for_room(std::uint32_t index) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_poll_add(operation, link(index).fd, POLLOUT);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kRoom, make_tag(index)));
}

// Drops queued operations: at their submission the descriptor or its slot may belong to the next connection.
void UringLoop::drop_queued(std::uint64_t tag) noexcept {
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

void UringLoop::detach(std::uint32_t index) noexcept {
  drop_queued(make_tag(index));
  cancel(link(index).phase == Phase::kConnecting ? Kind::kConnect : Kind::kReceive, make_tag(index));
  if (link(index).busy) {
    cancel(Kind::kRoom, make_tag(index));
  }
  if (registers_ && index < share_.connections) {
    if (plan_.close != CloseKind::kRst) {
      ::shutdown(link(index).fd, SHUT_RDWR);  // the ring may hold the socket open for a while
    }
    const int none = -1;
    ::io_uring_register_files_update(&ring_, index, &none, 1);
  }
}

void UringLoop::cancel(Kind kind, std::uint64_t what) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_cancel64(operation, packed(kind, what), 0);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kCancel, 0));
}

void UringLoop::enter(TimePoint until) {
  int result = 0;
  const unsigned before = ::io_uring_cq_ready(&ring_);
  const bool looks = before == 0 && until <= now_ && !spins();  // no flag shows whether there are events
  if (before > 0 || spins() || looks) {
    const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
    if (looks || ::io_uring_sq_ready(&ring_) > 0 || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0) {
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
  complete_sends(before);
  if (result < 0 && !uring_error_passes(-result)) {
    throw_ring_error(-result);
  }
}

// Buffers may run out within a batch; all of them are recycled before the new receive is submitted.
[[gnu::always_inline]] inline void UringLoop::on_received(std::uint64_t tag, int result, unsigned flags, TimePoint at) {
  const auto index = static_cast<std::uint32_t>(tag);
  if (is_current(tag)) {
    if (result > 0) {
      if (received(index, buffers_->received(flags, result), at)) {
        resume(index);
      }
    } else if (result == 0) {
      end_of_stream(index);
    } else if (result != -ENOBUFS && result != -EAGAIN && result != -EINTR) {
      failed(index, ErrorKind::kReset);
    }
  }
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    buffers_->recycle(flags);
  }
  if ((flags & IORING_CQE_F_MORE) == 0 && is_current(tag)) {
    receive(index);
  }
}

// Handles one batch of completions. The next submission sends the requests that they made due. A larger batch would add
// unmeasured time between a reply and the next request. The queue head advances last, since a submission within the
// loop may add completions.
int UringLoop::poll_once(TimePoint until) {
  enter(until);
  const auto count = static_cast<unsigned>(std::min<std::size_t>(::io_uring_cq_ready(&ring_), batch_size()));
  if (count == 0) {
    return 0;
  }
  const io_uring_cqe* const completions = ring_.cq.cqes;
  const unsigned head = *ring_.cq.khead;
  const unsigned mask = *ring_.cq.kring_mask;
  for (unsigned i = head; i != head + count; ++i) {
    if (parse_kind(completions[i & mask]) == Kind::kReceive) {
      prefetch(static_cast<std::uint32_t>(completions[i & mask].user_data));
    }
  }
  read_clock(count);
  const TimePoint at = now_;
  for (unsigned i = head; i != head + count; ++i) {
    const io_uring_cqe& completion = completions[i & mask];
    if (parse_kind(completion) == Kind::kReceive) [[likely]] {
      on_received(completion.user_data & kTag, completion.res, completion.flags, at);
    } else {
      handle(completion);
    }
  }
  ::io_uring_cq_advance(&ring_, count);
  dispatch();
  return static_cast<int>(count);
}

void UringLoop::handle(const io_uring_cqe& completion) {
  const std::uint64_t tag = completion.user_data & kTag;
  const auto index = static_cast<std::uint32_t>(tag);
  switch (parse_kind(completion)) {
    case Kind::kConnect:
      if (is_current(tag) && link(index).phase == Phase::kConnecting) {
        connect_completed(index);
      }
      break;
    case Kind::kRoom:
      if (is_current(tag) && link(index).busy) {
        sendable(index);
      }
      break;
    case Kind::kTimer:
      timer_expired();
      if ((completion.flags & IORING_CQE_F_MORE) == 0) {
        watch_timer();
      }
      break;
    case Kind::kReceive:  // by on_received()
    case Kind::kSend:     // by complete_sends()
    case Kind::kCancel:   // the cancelled operation has its own completion
      break;
  }
}

}  // namespace fanin::load
