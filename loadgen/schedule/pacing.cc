#include "loadgen/schedule/pacing.h"

#include <algorithm>

namespace fanin::load {
namespace {

constexpr std::uint64_t kPiecesPerSecond = 100;

}  // namespace

Pacer::Pacer(std::uint32_t connections, std::optional<std::uint64_t> bytes_per_s)
    : pausing_(bytes_per_s ? connections : 0), pauses_(bytes_per_s ? connections : 0) {
  if (bytes_per_s) {
    piece_ = std::max<std::uint64_t>(1, *bytes_per_s / kPiecesPerSecond);
    pause_ = std::chrono::nanoseconds(std::chrono::seconds(1)) * piece_ / *bytes_per_s;
  }
}

void Pacer::begin_pause(std::uint32_t connection, TimePoint at) noexcept {
  pausing_[connection] = true;
  pauses_.push({at + pause_, connection});
}

std::optional<std::uint32_t> Pacer::end_pause(TimePoint at) noexcept {
  if (pauses_.empty() || pauses_.front().until > at) {
    return std::nullopt;
  }
  const std::uint32_t connection = pauses_.pop().connection;
  pausing_[connection] = false;
  return connection;
}

std::optional<Trickle::Turn> Trickle::next(TimePoint at) noexcept {
  if (connections_ == 0 || period_ <= Nanoseconds(0)) {
    return std::nullopt;
  }
  const Turn turn{static_cast<std::uint32_t>(turn_ % connections_), turn_ / connections_};
  const Nanoseconds spread = period_ / connections_ * turn.connection;
  if (start_ + period_ * static_cast<std::int64_t>(turn.byte) + spread > at) {
    return std::nullopt;
  }
  ++turn_;
  return turn;
}

}  // namespace fanin::load
