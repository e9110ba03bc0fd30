#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/records/process_clock.h"
#include "loadgen/records/recorder.h"
#include "net/clock.h"

namespace fanin::load {

// How several targets are interleaved: A B B A A B B A ..., so that what drifts hits both alike.
struct SlicePlan {
  Nanoseconds length{0};
  Nanoseconds cut{0};    // at either end of a slice, not counted
  unsigned targets = 1;  // interleaved
  unsigned own = 0;      // which of them

  // Whose turn a slice is, counted from the start of the traffic: forth and back over all targets.
  unsigned owner(std::uint64_t number) const noexcept {
    const auto place = static_cast<unsigned>(number % (2 * targets));
    return place < targets ? place : 2 * targets - 1 - place;
  }
};

// A slice of one target that counts: wholly within the window.
struct Slice {
  std::uint64_t number = 0;
  TimePoint begin{};  // without what is cut
  TimePoint end{};
  std::uint64_t completed = 0;  // requests that were sent between the two, whenever their replies came
  // Used between the two; none where no clock reads it, or both were passed at once.
  std::optional<Nanoseconds> server_cpu{};
};

// The turns of one target, as one thread passes them. Requests in flight when a slice ends belong to it. One thread.
class Slices {
 public:
  explicit Slices(const SlicePlan& plan) : plan_(plan) {}

  // Takes the memory for all slices of the window. `clock`: of the server's CPU time, read at the borders of what
  // counts; may be null; must outlive this.
  void begin(const Window& window, const ProcessClock* clock);
  // The window has moved, and has not opened yet.
  void move_window(const Window& window) noexcept;
  bool open(TimePoint at) noexcept {
    while (at >= end_) {
      ++number_;
      enter();
    }
    return at >= begin_;
  }
  // When the slice begins that is open now or will be next.
  TimePoint next_begin() const noexcept { return begin_; }
  void completed(TimePoint sent) noexcept;
  // To be called now and then with the current time.
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
  std::uint64_t number_ = 0;  // of the slice that is open now or will be next
  TimePoint begin_{};
  TimePoint end_{};
  std::vector<Slice> slices_;
  std::size_t reading_ = 0;  // the slice whose border is read next
  bool inside_ = false;      // its first border has been read
  std::optional<Nanoseconds> first_reading_;
  TimePoint next_reading_ = TimePoint::max();
};

}  // namespace fanin::load
