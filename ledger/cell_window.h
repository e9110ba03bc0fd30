#pragma once

#include <cstdint>

namespace fanin::ledger {

// The window of each cell in which instructions are counted: it opens with the reply number `skip` after the cell's
// begin, and closes `count` replies later.
class CellWindow {
 public:
  enum class Change : std::uint8_t { kNone, kOpens, kCloses };

  CellWindow(std::uint64_t skip, std::uint64_t count) noexcept : skip_(skip), count_(count) {}

  // The next cell. The one before must have ended.
  Change begin_cell() noexcept;
  Change reply() noexcept;
  // Closes the window of a cell that has not reached its count, also if it never opened.
  Change end_cell() noexcept;

  // Of the last cell, from 0.
  std::uint64_t index() const noexcept { return cells_ - 1; }
  // Replies that were counted.
  std::uint64_t requests() const noexcept { return replies_ > skip_ ? replies_ - skip_ : 0; }

 private:
  std::uint64_t skip_;
  std::uint64_t count_;
  std::uint64_t cells_ = 0;
  std::uint64_t replies_ = 0;
  bool is_under_way_ = false;
};

}  // namespace fanin::ledger
