#pragma once

#include <liburing.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "net/uring.h"
#include "servers/server.h"
#include "servers/stop.h"

namespace fanin::server {

// Names a slot of a SlotTable and its current item. A reused slot has a new generation, so a late event for the old
// item never reaches the new one.
struct SlotId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;  // 24 bits
};

// Items indexed in constant time, in reused slots. Owns them; one thread. Growth moves the items: insert() invalidates
// references, and addresses known to the kernel must be outside of the items.
template <typename Item>
class SlotTable {
 public:
  SlotId insert(Item item) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].item.emplace(std::move(item));
    return {index, slots_[index].generation};
  }

  // Null if the item is gone.
  Item* find(SlotId id) noexcept {
    if (id.index >= slots_.size() || slots_[id.index].generation != id.generation || !slots_[id.index].item) {
      return nullptr;
    }
    return &*slots_[id.index].item;
  }

  void erase(SlotId id) {
    Slot& slot = slots_[id.index];
    slot.item.reset();
    slot.generation = (slot.generation + 1) & 0xff'ffff;
    free_.push_back(id.index);
  }

  std::size_t size() const noexcept { return slots_.size() - free_.size(); }

  template <typename Visit>
  void for_each(Visit visit) {
    for (Slot& slot : slots_) {
      if (slot.item) {
        visit(*slot.item);
      }
    }
  }

 private:
  struct Slot {
    std::optional<Item> item;
    std::uint32_t generation = 0;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

// The user_data of an operation: the model's number for its kind, and its owner.
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

// An io_uring of one thread: a queue of operations, submitted together, and their completions in batches, with one
// io_uring_enter for both. Owns the rings; used by the thread that made it.
class Ring {
 public:
  static constexpr std::uint8_t kFirstReservedKind = 0xf0;  // kinds from here on are reserved

  // Room for `entries` operations between two submissions (more cost a system call) and eight times as many
  // completions; the kernel keeps further completions. `flags`: IORING_SETUP_* alternatives, the best first, tried
  // until the kernel accepts one. Throws std::system_error.
  Ring(unsigned entries, std::initializer_list<unsigned> flags);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { ::io_uring_queue_exit(&ring_); }

  io_uring& get() noexcept { return ring_; }

  // The next free entry, for io_uring_prep_*() and set_tag(). Never null: a full queue is submitted.
  io_uring_sqe* next();
  static void set_tag(io_uring_sqe* operation, Tag tag) noexcept { ::io_uring_sqe_set_data64(operation, tag.packed()); }

  // Sends `bytes`, which must stay in place until the completion.
  void send(int fd, std::string_view bytes, Tag tag);

  // Receives all input of `fd`, see BufferRing::prepare_receive().
  void receive(const net::BufferRing& buffers, int fd, Tag tag);

  // Cancels the operation with this tag. It still completes, with ECANCELED or its result.
  void cancel(Tag tag);

  // Submits the queue, waits for at least one completion (or the interval of stop checks) and passes the completions to
  // `handle(Completion)`, which may queue operations. Throws std::system_error if the ring is broken.
  template <typename Handle>
  void poll_once(Handle handle) {
    submit_and_wait();
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      const Completion completion = batch_[i];  // a copy: the handler may grow the batch
      handle(completion);
    }
    batch_.clear();
  }

 private:
  static constexpr std::uint8_t kCancel = 0xff;

  void submit_and_wait();
  std::size_t take_completions();

  io_uring ring_{};
  std::vector<Completion> batch_;  // drained at once, so that the kernel's queue never stays full
};

// Shuts the sockets of all clients down, each with a `connection`.
template <typename Client>
void shutdown_all(SlotTable<Client>& clients, int how) {
  clients.for_each([how](const Client& client) { ::shutdown(client.connection->fd(), how); });
}

// Passes completions to `handle(Completion)` until the stop and the end of all clients.
template <typename Client, typename Handle>
void serve_until_drained(Ring& ring, SlotTable<Client>& clients, Handle handle) {
  while (!stop::requested() || clients.size() > 0) {
    ring.poll_once(handle);
    if (stop::timed_out()) {
      shutdown_all(clients, SHUT_RDWR);  // completes their operations, which ends them
    }
  }
}

// Accepts on all listeners of a server through a ring, with the policy of Listener. Borrows both; the ring's thread.
class RingAcceptor {
 public:
  // One connection per operation, or a multishot operation (Linux 5.19).
  enum class Shots { kOne, kMany };

  // Makes the listeners non-blocking (accepted sockets block) and begins.
  RingAcceptor(Ring& ring, Server& server, Shots shots);

  static bool owns(const Completion& completion) noexcept { return completion.tag.kind >= kAccept; }

  // The result of a completion that it owns; `open` as for Listener::accept(). Continues to accept unless the listener
  // was stopped.
  Listener::Accepted on_completion(const Completion& completion, std::size_t open);

 private:
  enum Kind : std::uint8_t { kAccept = Ring::kFirstReservedKind, kReadable };

  void accept(std::uint32_t listener);
  void wait_until_readable(std::uint32_t listener);

  Ring& ring_;
  Server& server_;
  Shots shots_;
};

}  // namespace fanin::server
