#pragma once

#include <liburing.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace fanin::net {

// Sets up a ring with room for `entries` operations between two submissions and for `completions`; the kernel keeps
// further completions. `flags`: IORING_SETUP_* alternatives, the best first, tried until the kernel accepts one. Throws
// std::system_error. Undo it with io_uring_queue_exit().
void set_up_uring(io_uring& ring, unsigned entries, unsigned completions, std::initializer_list<unsigned> flags);

// Transient errors of io_uring_enter: a signal, a timeout, no memory for an operation, or completions that must be
// reaped first (kernels before 5.19).
bool is_transient_uring_error(int error) noexcept;

// A required opcode and the first kernel with it.
struct UringRequirement {
  int opcode;
  std::string_view since;
};

// Why io_uring is unusable here (absent, forbidden, or older than `needs`), or nothing.
std::optional<std::string> why_no_io_uring(std::initializer_list<UringRequirement> needs);

// Receive buffers owned by an io_uring, not by connections: the kernel takes one when bytes arrive, the program
// recycles it. Owns the memory; used by the ring's thread; destroy it before the ring.
class BufferRing {
 public:
  // `count` buffers, a power of two, of `bytes` each; untouched pages use no memory. Throws std::system_error.
  BufferRing(io_uring& ring, unsigned count, std::size_t bytes);
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;
  ~BufferRing();

  // Multishot receive: completes for each piece of input, with IORING_CQE_F_MORE while it stays armed. Ends with
  // ENOBUFS if no buffer is free.
  void prepare_receive(io_uring_sqe& operation, int fd) const noexcept;

  // The bytes of a receive with a positive result, valid until recycle().
  std::string_view received(unsigned flags, int result) const noexcept {
    return {memory_ + buffer_index(flags) * stride_, static_cast<std::size_t>(result)};
  }
  void recycle(unsigned flags) noexcept { offer(buffer_index(flags)); }

 private:
  static constexpr int kGroup = 0;  // for io_uring_sqe::buf_group

  static std::size_t buffer_index(unsigned flags) noexcept { return flags >> IORING_CQE_BUFFER_SHIFT; }
  void offer(std::size_t index) noexcept {
    ::io_uring_buf_ring_add(entries_, memory_ + index * stride_, static_cast<unsigned>(bytes_),
                            static_cast<unsigned short>(index), ::io_uring_buf_ring_mask(count_), 0);
    ::io_uring_buf_ring_advance(entries_, 1);
  }

  io_uring& ring_;
  unsigned count_;
  std::size_t bytes_;
  std::size_t stride_;                    // from one buffer to the next
  io_uring_buf_ring* entries_ = nullptr;  // shared with the kernel: free buffers
  char* memory_ = nullptr;                // the buffers themselves
};

}  // namespace fanin::net
