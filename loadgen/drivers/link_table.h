#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "loadgen/schedule/connection_record.h"

namespace fanin::load {

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

}  // namespace fanin::load
