#include "net/uring.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "net/descriptor.h"

namespace fanin::net {
namespace {

int set_up(io_uring& ring, unsigned entries, unsigned completions, unsigned flags) {
  io_uring_params params{};
  params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  params.cq_entries = completions;
  return ::io_uring_queue_init_params(entries, &ring, &params);
}

std::string setup_refusal(int error) {
  if (error == ENOSYS) {
    return "this kernel has no io_uring (ENOSYS)";
  }
  if (error == EPERM) {
    std::string value = "unreadable";
    std::ifstream("/proc/sys/kernel/io_uring_disabled") >> value;
    return fmt::format("this process may not use io_uring (EPERM; kernel.io_uring_disabled is {})", value);
  }
  return fmt::format("io_uring cannot be set up ({})", std::strerror(error));
}

}  // namespace

void set_up_uring(io_uring& ring, unsigned entries, unsigned completions, std::initializer_list<unsigned> flags) {
  int result = -EINVAL;
  for (const unsigned choice : flags) {
    result = set_up(ring, entries, completions, choice);
    if (result != -EINVAL) {  // the error for an unknown flag
      break;
    }
  }
  if (result < 0) {
    throw std::system_error(-result, std::generic_category(), "cannot set up io_uring");
  }
  ::io_uring_register_ring_fd(&ring);  // saves the descriptor lookup of each enter; Linux 5.18
}

bool is_transient_uring_error(int error) noexcept {
  return error == EINTR || error == ETIME || error == EAGAIN || error == EBUSY;
}

std::optional<std::string> why_no_io_uring(std::initializer_list<UringRequirement> needs) {
  io_uring ring{};
  if (const int result = ::io_uring_queue_init(2, &ring, 0); result < 0) {
    return setup_refusal(-result);
  }
  std::optional<std::string> reason;
  if ((ring.features & IORING_FEAT_EXT_ARG) == 0) {  // wait with a timeout
    reason = "this kernel's io_uring is too old: Linux 5.11 is needed";
  }
  io_uring_probe* known = ::io_uring_get_probe_ring(&ring);
  for (const UringRequirement& need : needs) {
    if (!reason && (known == nullptr || ::io_uring_opcode_supported(known, need.opcode) == 0)) {
      reason = fmt::format("this kernel's io_uring is too old: Linux {} is needed", need.since);
    }
  }
  ::io_uring_free_probe(known);
  ::io_uring_queue_exit(&ring);
  return reason;
}

namespace {

constexpr std::size_t kLine = 64;  // cache line; keeps starts of buffers out of one cache set

void* map(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw_errno("cannot map memory for the provided buffers");
  }
  return memory;
}

}  // namespace

BufferRing::BufferRing(io_uring& ring, unsigned count, std::size_t bytes)
    : ring_(ring), count_(count), bytes_(bytes), stride_((bytes / kLine + 1) * kLine) {
  memory_ = static_cast<char*>(map(count * stride_));
  entries_ = static_cast<io_uring_buf_ring*>(map(count * sizeof(io_uring_buf)));
  io_uring_buf_reg group{};
  group.ring_addr = reinterpret_cast<std::uintptr_t>(entries_);
  group.ring_entries = count;
  group.bgid = kGroup;
  if (const int result = ::io_uring_register_buf_ring(&ring_, &group, 0); result < 0) {
    throw std::system_error(-result, std::generic_category(), "cannot register the provided buffers");
  }
  ::io_uring_buf_ring_init(entries_);
  for (unsigned i = 0; i < count; ++i) {
    offer(i);
  }
}

void BufferRing::prepare_receive(io_uring_sqe& operation, int fd) const noexcept {
  ::io_uring_prep_recv_multishot(&operation, fd, nullptr, 0, 0);
  operation.flags |= IOSQE_BUFFER_SELECT;
  operation.buf_group = kGroup;
}

BufferRing::~BufferRing() {
  ::io_uring_unregister_buf_ring(&ring_, kGroup);
  ::munmap(entries_, count_ * sizeof(io_uring_buf));
  ::munmap(memory_, count_ * stride_);
}

}  // namespace fanin::net
