#include "loadgen/drivers/uring_driver.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <system_error>

#include "loadgen/drivers/event_loop.h"
#include "net/descriptor.h"

namespace fanin::load {
namespace {

constexpr unsigned kEntries = 128;
// The kernel may fill one buffer per connection before any is recycled, and a receive without a buffer ends and has to
// be submitted again. The buffers are used round robin, so more of them are only colder in the cache.
constexpr unsigned kMinBuffers = 256;
constexpr unsigned kMaxBuffers = 8192;
constexpr std::size_t kBufferSize = 2048;

}  // namespace

// The ring releases a registered socket only when all older operations have ended, and multishot receives do not end.
// So runs that reopen connections do not register them.
UringDriver::UringDriver(EventLoop& loop, const LoadPlan& plan, const Share& share)
    : IoDriver(true, choose_batch_size(plan, share.connections, {.min = kMinBatch, .max = kMaxBatch, .fraction = 1})),
      loop_(loop),
      plan_(plan),
      active_(share.connections),
      idle_(share.idle),
      registers_(active_ > 0 && !plan.churns()),
      sends_(batch_size() + 1),
      copies_(batch_size() + 1) {}

// The completion queue has room for two completions per connection and for failed sends, which are handled right after
// the submission. IORING_SETUP_TASKRUN_FLAG shows a spinning loop in memory whether it has to enter the kernel.
void UringDriver::start(int timer) {
  const unsigned completions = std::bit_ceil(kEntries + 2 * (active_ + idle_));
  const unsigned shows_work = plan_.idle_strategy.kind == IdleStrategy::kSpin ? IORING_SETUP_TASKRUN_FLAG : 0;
  net::set_up_uring(
      ring_, kEntries, completions,
      {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | shows_work, IORING_SETUP_COOP_TASKRUN | shows_work});
  started_ = true;
  registers_ = registers_ && ::io_uring_register_files_sparse(&ring_, active_) == 0;
  buffers_.emplace(ring_, std::clamp(std::bit_ceil(active_), kMinBuffers, kMaxBuffers), kBufferSize);
  follows_up_ = plan_.pipeline > 1 || loop_.outbox().half_closes() || plan_.send_bytes_per_s || idle_ > 0;
  timer_ = timer;
  watch_timer();
}

// Operations hold the sockets open, so the cancellations are submitted before the ring is destroyed.
void UringDriver::stop() noexcept {
  if (started_) {
    ::io_uring_submit(&ring_);
    buffers_.reset();
    ::io_uring_queue_exit(&ring_);
    started_ = false;
  }
}

void UringDriver::watch_timer() {
  io_uring_sqe* operation = next();
  ::io_uring_prep_poll_multishot(operation, timer_, POLLIN);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kTimer, 0));
}

bool UringDriver::watch(std::uint32_t index) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_poll_add(operation, loop_.links()[index].fd, POLLOUT);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kConnect, loop_.links().make_tag(index)));
  return true;
}

void UringDriver::start_receiving(std::uint32_t index) {
  if (registers_ && index < active_) {
    ::io_uring_register_files_update(&ring_, index, &loop_.links()[index].fd, 1);
  }
  receive(index);
}

void UringDriver::receive(std::uint32_t index) {
  io_uring_sqe* operation = next();
  buffers_->prepare_receive(*operation, loop_.links()[index].fd);
  name_socket(*operation, index);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kReceive, loop_.links().make_tag(index)));
}

void UringDriver::name_socket(io_uring_sqe& operation, std::uint32_t index) const noexcept {
  if (registers_ && index < active_) {
    operation.fd = static_cast<int>(index);
    operation.flags |= IOSQE_FIXED_FILE;
  }
}

void UringDriver::detach(std::uint32_t index) noexcept {
  drop_queued(loop_.links().make_tag(index));
  cancel(loop_.links()[index].phase == Link::Phase::kConnecting ? Kind::kConnect : Kind::kReceive,
         loop_.links().make_tag(index));
  if (loop_.links()[index].busy) {
    cancel(Kind::kRoom, loop_.links().make_tag(index));
  }
  if (registers_ && index < active_) {
    if (plan_.close != CloseKind::kRst) {
      ::shutdown(loop_.links()[index].fd, SHUT_RDWR);  // the ring may hold the socket open for a while
    }
    const int none = -1;
    ::io_uring_register_files_update(&ring_, index, &none, 1);
  }
}

void UringDriver::cancel(Kind kind, std::uint64_t what) {
  io_uring_sqe* operation = next();
  ::io_uring_prep_cancel64(operation, packed(kind, what), 0);
  ::io_uring_sqe_set_data64(operation, packed(Kind::kCancel, 0));
}

void UringDriver::enter(TimePoint until) {
  int result = 0;
  const unsigned before = ::io_uring_cq_ready(&ring_);
  const bool looks =
      before == 0 && until <= loop_.clock().now() && !loop_.clock().spins();  // no flag shows whether there are events
  if (before > 0 || loop_.clock().spins() || looks) {
    const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
    if (looks || ::io_uring_sq_ready(&ring_) > 0 || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0) {
      result = ::io_uring_submit_and_get_events(&ring_);
    }
  } else if (until != TimePoint::max()) {
    const timespec left = net::to_timespec(std::max(until - net::now(), Nanoseconds(0)));
    __kernel_timespec limit{.tv_sec = left.tv_sec, .tv_nsec = left.tv_nsec};
    io_uring_cqe* first = nullptr;
    result = ::io_uring_submit_and_wait_timeout(&ring_, &first, 1, &limit, nullptr);
  } else {
    result = ::io_uring_submit_and_wait(&ring_, 1);
  }
  complete_sends(before);
  check_entered(result);
}

// Buffers may run out within a batch; all of them are recycled before the new receive is submitted.
[[gnu::always_inline]] inline void UringDriver::on_received(std::uint64_t tag, int result, unsigned flags,
                                                            TimePoint at) {
  const auto index = static_cast<std::uint32_t>(tag);
  if (loop_.links().is_current(tag)) {
    if (result > 0) {
      if (loop_.received(index, buffers_->received(flags, result), at)) {
        loop_.requests().resume(*this, index);
      }
    } else if (result == 0) {
      loop_.end_of_stream(index);
    } else if (result != -ENOBUFS && result != -EAGAIN && result != -EINTR) {
      loop_.failed(index, ErrorKind::kReset);
    }
  }
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    buffers_->recycle(flags);
  }
  if ((flags & IORING_CQE_F_MORE) == 0 && loop_.links().is_current(tag)) {
    receive(index);
  }
}

// Handles one batch of completions. The next submission sends the requests that they made due. A larger batch would add
// unmeasured time between a reply and the next request. The queue head advances last, since a submission within the
// loop may add completions.
int UringDriver::poll_once(TimePoint until) {
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
      loop_.links().prefetch(static_cast<std::uint32_t>(completions[i & mask].user_data));
    }
  }
  loop_.clock().read(count);
  const TimePoint at = loop_.clock().now();
  for (unsigned i = head; i != head + count; ++i) {
    const io_uring_cqe& completion = completions[i & mask];
    if (parse_kind(completion) == Kind::kReceive) [[likely]] {
      on_received(completion.user_data & kTag, completion.res, completion.flags, at);
    } else {
      handle(completion);
    }
  }
  ::io_uring_cq_advance(&ring_, count);
  loop_.requests().dispatch(*this);
  return static_cast<int>(count);
}

void UringDriver::handle(const io_uring_cqe& completion) {
  const std::uint64_t tag = completion.user_data & kTag;
  const auto index = static_cast<std::uint32_t>(tag);
  switch (parse_kind(completion)) {
    case Kind::kConnect:
      if (loop_.links().is_current(tag) && loop_.links()[index].phase == Link::Phase::kConnecting) {
        loop_.connect_completed(index);
      }
      break;
    case Kind::kRoom:
      if (loop_.links().is_current(tag) && loop_.links()[index].busy) {
        loop_.outbox().sendable(index);
      }
      break;
    case Kind::kTimer:
      loop_.clock().timer_expired();
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
