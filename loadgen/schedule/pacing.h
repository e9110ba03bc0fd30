#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/records/clock.h"
#include "loadgen/schedule/connection_record.h"

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
  static constexpr std::uint64_t kPiecesPerSecond = 100;

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
  struct Byte {
    std::uint32_t connection;
    std::uint64_t number;  // within its request
  };
  // The next byte due by `at`, each once; nullopt without connections or period.
  std::optional<Byte> next(TimePoint at) noexcept;

 private:
  std::uint32_t connections_;
  Nanoseconds period_;
  TimePoint start_{};
  std::uint64_t sent_ = 0;
};

inline Pacer::Pacer(std::uint32_t connections, std::optional<std::uint64_t> bytes_per_s)
    : pausing_(bytes_per_s ? connections : 0), pauses_(bytes_per_s ? connections : 0) {
  if (bytes_per_s) {
    piece_ = std::max<std::uint64_t>(1, *bytes_per_s / kPiecesPerSecond);
    pause_ = std::chrono::nanoseconds(std::chrono::seconds(1)) * piece_ / *bytes_per_s;
  }
}

inline void Pacer::begin_pause(std::uint32_t connection, TimePoint at) noexcept {
  pausing_[connection] = true;
  pauses_.push({at + pause_, connection});
}

inline std::optional<std::uint32_t> Pacer::end_pause(TimePoint at) noexcept {
  if (pauses_.empty() || pauses_.front().until > at) {
    return std::nullopt;
  }
  const std::uint32_t connection = pauses_.pop().connection;
  pausing_[connection] = false;
  return connection;
}

inline std::optional<Trickle::Byte> Trickle::next(TimePoint at) noexcept {
  if (connections_ == 0 || period_ <= Nanoseconds(0)) {
    return std::nullopt;
  }
  const Byte byte{static_cast<std::uint32_t>(sent_ % connections_), sent_ / connections_};
  const Nanoseconds spread = period_ / connections_ * byte.connection;
  if (start_ + period_ * static_cast<std::int64_t>(byte.number) + spread > at) {
    return std::nullopt;
  }
  ++sent_;
  return byte;
}

}  // namespace fanin::load
