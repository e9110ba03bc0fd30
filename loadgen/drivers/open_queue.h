#pragma once

#include <cstdint>
#include <optional>

#include "loadgen/schedule/ring.h"
#include "net/clock.h"

namespace fanin::load {

// The connections of a loop that are to be opened: each once in order of their numbers, active ones again when they
// have closed or their retry is due. Allocates only at construction. No I/O and no clock; one thread.
class OpenQueue {
 public:
  // Connections before `first` are not opened on their own.
  OpenQueue(std::uint32_t first, std::uint32_t active, std::uint32_t count)
      : next_(first), count_(count), again_(active), retries_(active) {}

  bool empty() const noexcept { return next_ >= count_ && again_.empty(); }
  std::uint32_t pop() noexcept { return again_.empty() ? next_++ : again_.pop(); }  // precondition: not empty
  void push(std::uint32_t index) noexcept { again_.push(index); }
  // `due`: not before that of the last one.
  void push_retry(std::uint32_t index, TimePoint due) noexcept { retries_.push({due, index}); }
  // A connection whose retry is due, each once.
  std::optional<std::uint32_t> pop_retry(TimePoint at) noexcept {
    return retries_.empty() || retries_.front().due > at ? std::nullopt : std::optional(retries_.pop().index);
  }

 private:
  struct Retry {
    TimePoint due;
    std::uint32_t index;
  };

  std::uint32_t next_;  // this one and all after it were never opened
  std::uint32_t count_;
  Ring<std::uint32_t> again_;
  Ring<Retry> retries_;
};

}  // namespace fanin::load
