#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "loadgen/records/clock.h"
#include "protocols/client_protocol.h"

namespace fanin::load {

// A request of a connection, or room for one.
struct Slot {
  TimePoint intended;
  TimePoint since;  // in flight: when it was sent; free: since when
};

// The event loop's part of a connection, over all its lives. 8 bytes, and all that an idle connection needs: a run may
// hold a million of them.
struct Link {
  // kSetup: connected, not usable before its set-up is done. kVerify: an idle connection waits for the reply that
  // verifies it. kClosing: waits for the server to close.
  enum class Phase : std::uint8_t { kDown, kConnecting, kSetup, kVerify, kUp, kClosing };

  int fd = -1;
  std::uint16_t life = 0;  // distinguishes events of this connection from those of its predecessor
  Phase phase = Phase::kDown;
  bool busy : 1 = false;     // the driver cannot send now
  bool waiting : 1 = false;  // bytes wait in the loop
  bool was_up : 1 = false;
  bool broke : 1 = false;
  bool served : 1 = false;  // had a reply in an earlier life

  bool connected() const noexcept { return phase >= Phase::kSetup; }
};

// What the request path needs of an active connection, for the workload, the event loop and the protocol: one cache
// line, since with a thousand connections each further line is another cache miss.
struct alignas(64) ConnectionRecord {
  // The workload's part. Its slots are a ring: those in flight, oldest first, then those that are free, then those that
  // think. Invariant: queued + thinking + in_flight <= pipeline.
  Slot only;  // the slot, if the pipeline is 1
  std::uint32_t replies = 0;
  std::uint32_t used = 0;  // requests sent in this life
  std::uint16_t in_flight = 0;
  std::uint16_t head = 0;  // slot of the oldest in flight
  std::uint16_t queued = 0;
  std::uint16_t stale = 0;  // entries in the queue from before it became unusable
  std::uint16_t thinking = 0;
  bool usable : 1 = false;
  bool ended : 1 = false;  // takes no more requests in this life
  bool lost : 1 = false;   // broken, not closed by the generator

  Link link;
  protocols::ClientState state;  // the protocol's part, of this life
};
static_assert(sizeof(ConnectionRecord) == alignof(ConnectionRecord));

// The links of a thread's connections by number: the active ones, whose links are in the workload's records, and after
// them the idle ones, whose links it owns. One thread.
class LinkTable {
 public:
  static constexpr std::uint64_t kTimerTag = ~std::uint64_t{0};  // no connection's

  // `active` must outlive this.
  LinkTable(std::span<ConnectionRecord> active, std::uint32_t idle) : active_(active), idle_(idle) {}

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(active_.size() + idle_.size()); }
  std::uint32_t active() const noexcept { return static_cast<std::uint32_t>(active_.size()); }
  bool is_idle(std::uint32_t index) const noexcept { return index >= active_.size(); }
  const Link& operator[](std::uint32_t index) const noexcept {
    return is_idle(index) ? idle_[index - active_.size()] : active_[index].link;
  }
  // Precondition: the connection is active.
  std::uint32_t in_flight(std::uint32_t index) const noexcept { return active_[index].in_flight; }
  Link& operator[](std::uint32_t index) noexcept { return const_cast<Link&>(std::as_const(*this)[index]); }

  // Events carry a tag that names a connection and its current life. is_current(): that life has not ended.
  static std::uint64_t make_tag(std::uint32_t index, const Link& link) noexcept {
    return std::uint64_t{link.life} << 32 | index;
  }
  std::uint64_t make_tag(std::uint32_t index) const noexcept { return make_tag(index, (*this)[index]); }
  bool is_current(std::uint64_t tag) const noexcept {
    const Link& link = (*this)[static_cast<std::uint32_t>(tag)];
    return link.life == static_cast<std::uint16_t>(tag >> 32) && link.phase != Link::Phase::kDown;
  }

  // Loads a connection's record into the cache. Call it for a whole batch before the first is handled, so that the
  // misses overlap. It reads the record, since a prefetch instruction gained nothing.
  void prefetch(std::uint32_t index) const noexcept {
    if (!is_idle(index)) {
      const volatile Link& link = active_[index].link;
      [[maybe_unused]] const std::uint16_t life = link.life;
    }
  }

 private:
  std::span<ConnectionRecord> active_;
  std::vector<Link> idle_;
};

// A FIFO queue of fixed capacity that allocates only at construction. One thread at a time.
template <typename Item>
class Ring {
 public:
  explicit Ring(std::size_t capacity)
      : items_(std::bit_ceil(capacity > 0 ? capacity : 1)), mask_(static_cast<std::uint32_t>(items_.size() - 1)) {}

  bool empty() const noexcept { return head_ == tail_; }
  std::size_t size() const noexcept { return tail_ - head_; }
  const Item& front() const noexcept { return items_[head_ & mask_]; }  // precondition: not empty
  // Precondition: size() is below the capacity asked for. Restarts at the first item when empty, where the memory is
  // warm.
  void push(Item item) noexcept {
    head_ = empty() ? tail_ = 0 : head_;
    items_[tail_++ & mask_] = item;
  }
  Item pop() noexcept { return items_[head_++ & mask_]; }  // precondition: not empty

 private:
  std::vector<Item> items_;
  std::uint32_t mask_;
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
};

}  // namespace fanin::load
