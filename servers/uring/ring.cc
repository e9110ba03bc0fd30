#include "servers/uring/ring.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "servers/counters.h"
#include "servers/stop.h"

namespace fanin {
namespace {

[[noreturn]] void throw_ring_error(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

int set_up(io_uring& ring, unsigned entries, unsigned flags) {
  io_uring_params params{};
  params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  params.cq_entries = entries * 8;
  return ::io_uring_queue_init_params(entries, &ring, &params);
}

// Errors of io_uring_enter that the next turn gets over: a signal, a time-out, no memory for an operation just now, or
// completions that must be taken first (kernels before 5.19).
bool passes(int error) noexcept { return error == EINTR || error == ETIME || error == EAGAIN || error == EBUSY; }

std::string setup_refusal(int error) {
  if (error == ENOSYS) {
    return "this kernel has no io_uring (ENOSYS)";
  }
  if (error == EPERM) {
    std::string value = "unreadable";
    std::ifstream("/proc/sys/kernel/io_uring_disabled") >> value;
    return fmt::format("io_uring is forbidden to this process (EPERM; kernel.io_uring_disabled is {})", value);
  }
  return fmt::format("io_uring cannot be set up ({})", std::strerror(error));
}

}  // namespace

Ring::Ring(unsigned entries, std::initializer_list<unsigned> flags) {
  int result = -EINVAL;
  for (const unsigned choice : flags) {
    result = set_up(ring_, entries, choice);
    if (result != -EINVAL) {  // which is what an unknown flag gives
      break;
    }
  }
  if (result < 0) {
    throw_ring_error(-result, "cannot set up io_uring");
  }
  ::io_uring_register_ring_fd(&ring_);  // saves looking the descriptor up at every enter; kernels before 5.18 refuse
}

io_uring_sqe* Ring::next() {
  io_uring_sqe* operation = ::io_uring_get_sqe(&ring_);
  while (operation == nullptr) {
    count(Count::kCallIoUringEnter);
    const int result = ::io_uring_submit(&ring_);
    if (result < 0 && !passes(-result)) {
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
  if (result < 0 && !passes(-result)) {
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
    if (tag.kind != kCancel) {  // whether there was anything to cancel shows in that operation's own completion
      batch_.push_back({tag, entry->res, entry->flags});
    }
    ++taken;
  }
  ::io_uring_cq_advance(&ring_, taken);
  return taken;
}

std::optional<std::string> why_no_io_uring(std::initializer_list<RingNeed> needs) {
  io_uring ring{};
  if (const int result = ::io_uring_queue_init(2, &ring, 0); result < 0) {
    return setup_refusal(-result);
  }
  std::optional<std::string> reason;
  if ((ring.features & IORING_FEAT_EXT_ARG) == 0) {  // waiting with a time-out
    reason = "io_uring of this kernel is too old: Linux 5.11 is needed";
  }
  io_uring_probe* known = ::io_uring_get_probe_ring(&ring);
  for (const RingNeed& need : needs) {
    if (!reason && (known == nullptr || ::io_uring_opcode_supported(known, need.opcode) == 0)) {
      reason = fmt::format("io_uring of this kernel is too old: Linux {} is needed", need.since);
    }
  }
  ::io_uring_free_probe(known);
  ::io_uring_queue_exit(&ring);
  return reason;
}

}  // namespace fanin
