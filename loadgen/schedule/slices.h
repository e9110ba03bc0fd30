#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/records/recorder.h"
#include "loadgen/records/usage.h"
#include "net/clock.h"

namespace fanin::load {

// Interleaving of several targets, A B B A A B B A ..., so that drift affects all of them equally.
struct SlicePlan {
  Nanoseconds length{0};
  Nanoseconds cut{0};    // not counted, at both ends of a slice
  unsigned targets = 1;  // number of interleaved targets
  unsigned own = 0;      // index of this one

  // The target that owns slice `number`, counted from the start of the traffic: forth and back over all targets.
  unsigned owner(std::uint64_t number) const noexcept {
    const auto position = static_cast<unsigned>(number % (2 * targets));
    return position < targets ? position : 2 * targets - 1 - position;
  }
};

// A slice of one target that counts, because it is wholly within the window.
struct Slice {
  std::uint64_t number = 0;
  TimePoint begin{};  // after the cut
  TimePoint end{};
  std::uint64_t completed = 0;  // requests sent between the two, whenever their replies came
  // Used between the two; nullopt without a clock, or if both were passed in one tick.
  std::optional<Nanoseconds> server_cpu{};
};

// The slices of one target in one thread. Requests in flight at the end of a slice belong to it. One thread.
class Slices {
 public:
  explicit Slices(const SlicePlan& plan) : plan_(plan) {}

  // Allocates all slices of the window. `clock`: the server's CPU clock, read at the borders of counted slices; may be
  // null; must outlive this.
  void begin(const Window& window, const ProcessClock* clock);
  // The window has moved. Precondition: it has not opened yet.
  void move_window(const Window& window) noexcept;
  bool open(TimePoint at) noexcept {
    while (at >= end_) {
      ++number_;
      enter();
    }
    return at >= begin_;
  }
  // Begin of the current or next slice.
  TimePoint next_begin() const noexcept { return begin_; }
  void completed(TimePoint sent) noexcept;
  // Called regularly with the current time.
  void tick(TimePoint at) noexcept {
    if (at >= next_reading_) [[unlikely]] {
      read(at);
    }
  }
  const std::vector<Slice>& all() const noexcept { return slices_; }

 private:
  void enter() noexcept;
  void keep_if_counted() noexcept;
  void read(TimePoint at) noexcept;

  const SlicePlan plan_;
  Window window_;
  const ProcessClock* clock_ = nullptr;
  std::uint64_t number_ = 0;  // of the current or next slice
  TimePoint begin_{};
  TimePoint end_{};
  std::vector<Slice> slices_;
  std::size_t reading_ = 0;  // the slice whose border is read next
  bool inside_ = false;      // its first border has been read
  std::optional<Nanoseconds> first_reading_;
  TimePoint next_reading_ = TimePoint::max();
};

}  // namespace fanin::load
