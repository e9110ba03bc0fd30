#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/records/clock.h"
#include "loadgen/records/recorder.h"
#include "loadgen/records/usage.h"

namespace fanin::load {

// Interleaving of several targets. Time is divided into slices, of which each belongs to one target. A block is one
// walk over all targets and the same walk backwards, so a linear drift affects all targets equally. The order is drawn
// for as many blocks as there are targets, and rotated by one from block to block, so each target has each place once:
// the last one of a walk has two slices in a row, whose second one finds its connections in the CPU's caches. The
// borders are jittered, so that slices do not lock to the kernel's tick.
struct SlicePlan {
  Nanoseconds length{0};  // mean
  Nanoseconds cut{0};     // not counted, at both ends of a slice
  unsigned targets = 1;   // number of interleaved targets
  unsigned own = 0;       // index of this one
  std::uint64_t seed = 1;

  static constexpr int kJitterShare = 10;  // borders move by up to a tenth of the length, both ways

  // When slice `number` begins, from the start of the traffic. The first begins at once.
  Nanoseconds begin_of(std::uint64_t number) const noexcept;
  // The place of a target in the walk of a block, from 0.
  unsigned place(unsigned target, std::uint64_t block) const noexcept;
  // Whether slice `number` belongs to this target.
  bool owns(std::uint64_t number) const noexcept;
};

// A slice of one target that counts, because it is wholly within the window.
struct Slice {
  std::uint64_t number = 0;
  TimePoint begin{};  // after the cut
  TimePoint end{};
  std::uint64_t completed = 0;  // requests sent between the two, whenever their replies came
  std::uint64_t answered = 0;   // requests sent in the whole slice, cuts included, whenever their replies came
  // What the server used for those answered; nullopt if unknown. A turn, one or two slices in a row of one target, has
  // one reading: Slices keeps it in the turn's first slice, and share_server_cpu() gives each slice its part.
  std::optional<Nanoseconds> server_cpu{};
};

// Sums over slices: the requests that count, and the time in which they were sent.
std::uint64_t sum_completed(const std::vector<Slice>& slices) noexcept;
Nanoseconds sum_counted(const std::vector<Slice>& slices) noexcept;
// Divides the reading of each turn between its slices by the requests answered.
void share_server_cpu(std::vector<Slice>& slices) noexcept;

// The slices of one target in one thread. Requests in flight at the end of a slice belong to it. One thread.
class Slices {
 public:
  explicit Slices(const SlicePlan& plan) : plan_(plan) {}

  // Allocates all slices of the window. `clock`: the server's CPU clock; may be null; must outlive this. It is read
  // before a turn's first request. The server has slept since its last turn, so the reading is exact: the kernel knows
  // what a running thread of another process has used only as of its last tick or switch.
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

  // A schedule runs only within the slices, so its offsets are active time: the sum of this target's slices. Times are
  // those of the current or next slice; what lies outside it is continued as if this target had no pauses.
  TimePoint time_of(Nanoseconds active) const noexcept { return begin_ + (active - active_before_); }
  // The active time until `at`, which is not before the current or next slice's predecessor ended.
  Nanoseconds active_until(TimePoint at) const noexcept {
    return active_before_ + std::clamp(at - begin_, Nanoseconds(0), end_ - begin_);
  }
  // A time of this slice or of the pause and slice before it, with that pause taken out.
  TimePoint without_pause(TimePoint at) const noexcept {
    return at >= begin_ ? at : begin_ - std::max(previous_end_ - std::max(at, previous_begin_), Nanoseconds(0));
  }
  // When the next request that is due at this active time can be sent, or when to ask again.
  TimePoint next_due(Nanoseconds active) const noexcept { return std::clamp(time_of(active), begin_, end_); }

  void completed(TimePoint sent) noexcept;
  // Called regularly with the current time, and before the first request of a slice.
  void tick(TimePoint at) noexcept {
    if (open(at) && unread_turn_) [[unlikely]] {
      read();
    }
  }
  // The traffic is over, and the server has answered.
  void finish() noexcept;
  const std::vector<Slice>& all() const noexcept { return slices_; }

 private:
  void enter() noexcept;
  bool is_kept() const noexcept { return !slices_.empty() && slices_.back().number == number_; }
  void keep_if_counted() noexcept;
  void follow_turn() noexcept;
  void end_turn(std::optional<Nanoseconds> reading) noexcept;
  void read() noexcept;

  const SlicePlan plan_;
  Window window_;
  const ProcessClock* clock_ = nullptr;
  std::uint64_t number_ = 0;  // of the current or next slice
  TimePoint begin_{};
  TimePoint end_{};
  TimePoint previous_begin_{};  // of this target's slice before; equal to its end if there is none
  TimePoint previous_end_{};
  Nanoseconds active_before_{0};  // length of all slices of this target before the current or next one
  std::vector<Slice> slices_;
  std::size_t turn_ = 0;                        // the first slice of the turn that is measured
  std::optional<Nanoseconds> reading_at_turn_;  // at its begin; nullopt: none is measured
  bool unread_turn_ = false;                    // the current or next slice begins a turn, and the clock was not read
};

}  // namespace fanin::load
