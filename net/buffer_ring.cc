#include "net/buffer_ring.h"

#include <sys/mman.h>

#include <system_error>

#include "net/descriptor.h"

namespace fanin {
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

}  // namespace fanin
