#pragma once

#include <cstddef>
#include <string_view>

#include "servers/uring/ring.h"

namespace fanin {

// Receive buffers that belong to a ring instead of to connections: the kernel takes one when bytes have come, the
// program gives it back when it is done with them. Owns the memory; the thread of the ring; destroyed before the ring.
class BufferRing {
 public:
  // `count` buffers, a power of two, of `bytes` each; pages that were never written to take no memory. Throws
  // std::system_error.
  BufferRing(Ring& ring, unsigned count, std::size_t bytes);
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  // Asks for all that comes from a socket (multishot): completes for each piece, with IORING_CQE_F_MORE as long as it
  // goes on. It ends with ENOBUFS where no buffer is free.
  void receive(int fd, Tag tag);

  // What a receive that completed with a positive result has put into its buffer, until give_back().
  std::string_view received(const Completion& completion) const noexcept {
    return {memory_ + index_of(completion) * bytes_, static_cast<std::size_t>(completion.result)};
  }
  void give_back(const Completion& completion) noexcept { offer(index_of(completion)); }

 private:
  static constexpr int kGroup = 0;  // for io_uring_sqe::buf_group

  static std::size_t index_of(const Completion& completion) noexcept {
    return completion.flags >> IORING_CQE_BUFFER_SHIFT;
  }
  void offer(std::size_t index) noexcept {
    ::io_uring_buf_ring_add(entries_, memory_ + index * bytes_, static_cast<unsigned>(bytes_),
                            static_cast<unsigned short>(index), ::io_uring_buf_ring_mask(count_), 0);
    ::io_uring_buf_ring_advance(entries_, 1);
  }

  Ring& ring_;
  unsigned count_;
  std::size_t bytes_;
  io_uring_buf_ring* entries_ = nullptr;  // shared with the kernel: the buffers that it may take
  char* memory_ = nullptr;                // the buffers themselves
};

}  // namespace fanin
