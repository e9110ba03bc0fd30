#pragma once

#include <liburing.h>

#include <cstddef>
#include <string_view>

namespace fanin {

// Receive buffers that belong to an io_uring instead of to connections: the kernel takes one when bytes have come, the
// program gives it back when it is done with them. Owns the memory; the thread of the ring; destroyed before the ring.
class BufferRing {
 public:
  // `count` buffers, a power of two, of `bytes` each; pages that were never written to take no memory. Throws
  // std::system_error.
  BufferRing(io_uring& ring, unsigned count, std::size_t bytes);
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  // Asks for all that comes from a socket (multishot): completes for each piece, with IORING_CQE_F_MORE as long as it
  // goes on. It ends with ENOBUFS where no buffer is free.
  void prepare_receive(io_uring_sqe& operation, int fd) const noexcept;

  // What a receive that completed with a positive result has put into its buffer, until recycle().
  std::string_view received(unsigned flags, int result) const noexcept {
    return {memory_ + index_of(flags) * stride_, static_cast<std::size_t>(result)};
  }
  void recycle(unsigned flags) noexcept { offer(index_of(flags)); }

 private:
  static constexpr int kGroup = 0;  // for io_uring_sqe::buf_group

  static std::size_t index_of(unsigned flags) noexcept { return flags >> IORING_CQE_BUFFER_SHIFT; }
  void offer(std::size_t index) noexcept {
    ::io_uring_buf_ring_add(entries_, memory_ + index * stride_, static_cast<unsigned>(bytes_),
                            static_cast<unsigned short>(index), ::io_uring_buf_ring_mask(count_), 0);
    ::io_uring_buf_ring_advance(entries_, 1);
  }

  io_uring& ring_;
  unsigned count_;
  std::size_t bytes_;
  std::size_t stride_;                    // from one buffer to the next
  io_uring_buf_ring* entries_ = nullptr;  // shared with the kernel: the buffers that it may take
  char* memory_ = nullptr;                // the buffers themselves
};

}  // namespace fanin
