#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/schedule/ring.h"
#include "net/clock.h"

namespace fanin::load {

// Paces the bytes of every connection: a piece, then a pause. All pauses have the same length, so a FIFO queue keeps
// them sorted by end. No I/O and no clock; used by one thread.
class Pacer {
 public:
  // Without a rate it paces nothing and allocates nothing.
  Pacer(std::uint32_t connections, std::optional<std::uint64_t> bytes_per_s);

  bool active() const noexcept { return piece_ > 0; }
  std::size_t piece() const noexcept { return piece_; }  // bytes: 10 ms at the rate, at least one
  Nanoseconds pause() const noexcept { return pause_; }

  // A connection has moved a piece. Precondition: it does not pause.
  void begin_pause(std::uint32_t connection, TimePoint at) noexcept;
  bool pauses(std::uint32_t connection) const noexcept { return pausing_[connection]; }
  // Returns a connection whose pause is over, each once.
  std::optional<std::uint32_t> end_pause(TimePoint at) noexcept;
  TimePoint next_end() const noexcept { return pauses_.empty() ? TimePoint::max() : pauses_.front().until; }

 private:
  struct Pause {
    TimePoint until;
    std::uint32_t connection;
  };

  std::size_t piece_ = 0;
  Nanoseconds pause_{0};
  std::vector<bool> pausing_;
  Ring<Pause> pauses_;
};

// Selects the connection that sends one more byte: each once per period, evenly spread over the period.
class Trickle {
 public:
  Trickle(std::uint32_t connections, Nanoseconds period) : connections_(connections), period_(period) {}

  void start(TimePoint at) noexcept { start_ = at; }
  struct Turn {
    std::uint32_t connection;
    std::uint64_t byte;  // of its request
  };
  // The next turn due by `at`, each once; nullopt without connections or period.
  std::optional<Turn> next(TimePoint at) noexcept;

 private:
  std::uint32_t connections_;
  Nanoseconds period_;
  TimePoint start_{};
  std::uint64_t turn_ = 0;
};

}  // namespace fanin::load
