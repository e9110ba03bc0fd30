#pragma once

#include <liburing.h>

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "net/buffer_ring.h"
#include "net/uring.h"
#include "servers/slot_table.h"

namespace fanin::server {

// What an operation is for, carried through the kernel in its user_data: the model's own number for the kind of
// operation, and whose it is.
struct Tag {
  std::uint8_t kind = 0;
  SlotId owner;

  std::uint64_t packed() const noexcept {
    return std::uint64_t{kind} << 56 | std::uint64_t{owner.generation} << 32 | owner.index;
  }
  static Tag unpack(std::uint64_t data) noexcept {
    return {static_cast<std::uint8_t>(data >> 56),
            {static_cast<std::uint32_t>(data), static_cast<std::uint32_t>(data >> 32) & 0xff'ffff}};
  }
};

struct Completion {
  Tag tag;
  int result = 0;
  unsigned flags = 0;  // IORING_CQE_F_*
};

// An io_uring of one thread: a queue of operations that is submitted as a whole, and their completions in batches, one
// io_uring_enter for both. Owns the rings; one thread, the one that made it.
class Ring {
 public:
  static constexpr std::uint8_t kFirstReservedKind = 0xf0;  // kinds from here on are not the models'

  // Room for `entries` operations between two submissions (more are possible and cost a system call), and for eight
  // times as many completions; the kernel keeps completions beyond that until there is room. `flags` are tried in turn
  // until the kernel takes one: IORING_SETUP_*, the best first. Throws std::system_error.
  Ring(unsigned entries, std::initializer_list<unsigned> flags);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { ::io_uring_queue_exit(&ring_); }

  io_uring& get() noexcept { return ring_; }

  // The next free entry for an operation, to be filled by io_uring_prep_*() and marked by set_tag(). Never null: where
  // the queue is full it is submitted.
  io_uring_sqe* next();
  static void set_tag(io_uring_sqe* operation, Tag tag) noexcept { ::io_uring_sqe_set_data64(operation, tag.packed()); }

  // Asks for `bytes` to be sent; they must stay where they are until that completes.
  void send(int fd, std::string_view bytes, Tag tag);

  // Asks for all that comes from `fd`, see BufferRing::prepare_receive().
  void receive(const BufferRing& buffers, int fd, Tag tag);

  // Asks for the end of the operation with this tag. It completes all the same, with ECANCELED or what it came to.
  void cancel(Tag tag);

  // Submits what was queued, waits for at least one completion (or the moment to look for a stop), and hands what has
  // completed to `handle(Completion)`, which may queue operations. Throws std::system_error where the ring is broken.
  template <typename Handle>
  void turn(Handle handle) {
    submit_and_wait();
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      const Completion completion = batch_[i];  // a copy: handling it may lengthen the batch
      handle(completion);
    }
    batch_.clear();
  }

 private:
  static constexpr std::uint8_t kCancel = 0xff;

  void submit_and_wait();
  std::size_t take_completions();

  io_uring ring_{};
  std::vector<Completion> batch_;  // taken off the kernel's queue at once, so that this never stays full
};

}  // namespace fanin::server
