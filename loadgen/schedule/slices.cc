#include "loadgen/schedule/slices.h"

#include <algorithm>
#include <cmath>

#include "loadgen/schedule/arrival.h"

namespace fanin::load {
namespace {

// A number that depends on all three, as good as random.
std::uint64_t draw(std::uint64_t seed, std::uint64_t first, std::uint64_t second) noexcept {
  return SplitMix64(SplitMix64(SplitMix64(seed)() + first)() + second)();
}

constexpr std::uint64_t kBorders = ~std::uint64_t{0};  // no block has this number

}  // namespace

std::uint64_t sum_completed(const std::vector<Slice>& slices) noexcept {
  std::uint64_t sum = 0;
  for (const Slice& slice : slices) {
    sum += slice.completed;
  }
  return sum;
}

Nanoseconds sum_counted(const std::vector<Slice>& slices) noexcept {
  Nanoseconds sum{0};
  for (const Slice& slice : slices) {
    sum += slice.end - slice.begin;
  }
  return sum;
}

void share_server_cpu(std::vector<Slice>& slices) noexcept {
  for (auto turn = slices.begin(); turn != slices.end();) {
    const auto next = std::adjacent_find(
        turn, slices.end(), [](const Slice& slice, const Slice& after) { return slice.number + 1 != after.number; });
    const auto end = next == slices.end() ? next : next + 1;
    std::uint64_t answered = 0;
    std::for_each(turn, end, [&](const Slice& slice) { answered += slice.answered; });
    const bool is_known = answered > 0 && turn->server_cpu.has_value();
    const auto cpu = static_cast<double>(turn->server_cpu.value_or(Nanoseconds{}).count());
    std::for_each(turn, end, [&](Slice& slice) {
      const double share = static_cast<double>(slice.answered) / static_cast<double>(answered);
      slice.server_cpu = is_known ? std::optional(Nanoseconds(std::llround(cpu * share))) : std::nullopt;
    });
    turn = end;
  }
}

Nanoseconds SlicePlan::begin_of(std::uint64_t number) const noexcept {
  const Nanoseconds even = length * static_cast<std::int64_t>(number);
  if (number == 0) {
    return even;
  }
  const double share = static_cast<double>(draw(seed, kBorders, number) >> 11) / static_cast<double>(1ULL << 52) - 1;
  return even + Nanoseconds(static_cast<std::int64_t>(share * static_cast<double>(length.count()) / kJitterShare));
}

unsigned SlicePlan::place(unsigned target, std::uint64_t block) const noexcept {
  const std::uint64_t group = block / targets;
  const std::uint64_t drawn = draw(seed, group, target);
  std::uint64_t before = 0;
  for (unsigned other = 0; other < targets; ++other) {
    const std::uint64_t others = draw(seed, group, other);
    before += others < drawn || (others == drawn && other < target) ? 1 : 0;
  }
  return static_cast<unsigned>((before + block) % targets);
}

bool SlicePlan::owns(std::uint64_t number) const noexcept {
  const auto position = static_cast<unsigned>(number % (2 * targets));
  return place(own, number / (2 * targets)) == (position < targets ? position : 2 * targets - 1 - position);
}

void Slices::begin(const Window& window, const ProcessClock* clock) {
  window_ = window;
  clock_ = clock;
  const auto whole = static_cast<std::size_t>((window.close - window.open) / plan_.length);
  slices_.reserve(2 * (whole / (2 * plan_.targets) + 3));  // two in a block, and the borders are jittered
  number_ = 0;
  previous_begin_ = previous_end_ = begin_ = end_ = window.start;
  active_before_ = Nanoseconds(0);
  enter();
}

// The next slice may count now although it did not before.
void Slices::move_window(const Window& window) noexcept {
  window_ = window;
  keep_if_counted();
}

// Advances to the first slice of this target from number_ on. Its place in a block is drawn once.
void Slices::enter() noexcept {
  active_before_ += end_ - begin_;
  previous_begin_ = begin_;
  previous_end_ = end_;
  const unsigned walk = 2 * plan_.targets;
  const auto position = static_cast<unsigned>(number_ % walk);
  const std::uint64_t block = number_ / walk;
  const unsigned place = plan_.place(plan_.own, block);
  if (position <= place) {
    number_ = block * walk + place;
  } else if (position <= walk - 1 - place) {
    number_ = block * walk + walk - 1 - place;
  } else {
    number_ = (block + 1) * walk + plan_.place(plan_.own, block + 1);
  }
  begin_ = window_.start + plan_.begin_of(number_);
  end_ = window_.start + plan_.begin_of(number_ + 1);
  keep_if_counted();
  follow_turn();
}

// Where a turn was passed without a reading, as after a preemption, the turn before has no end.
void Slices::follow_turn() noexcept {
  const bool continues = number_ > 0 && begin_ == previous_end_;
  if (unread_turn_ || (continues && !is_kept())) {
    reading_at_turn_ = std::nullopt;
  }
  unread_turn_ = clock_ != nullptr && !continues;
}

void Slices::keep_if_counted() noexcept {
  if (is_kept() || begin_ < window_.open || end_ > window_.close || slices_.size() == slices_.capacity()) {
    return;
  }
  slices_.push_back({.number = number_, .begin = begin_ + plan_.cut, .end = end_ - plan_.cut});
}

// Replies to requests of earlier slices may still come.
void Slices::completed(TimePoint sent) noexcept {
  for (std::size_t i = slices_.size(); i-- > 0;) {
    Slice& slice = slices_[i];
    if (sent >= slice.begin - plan_.cut) {
      slice.answered += sent < slice.end + plan_.cut ? 1 : 0;
      slice.completed += sent >= slice.begin && sent < slice.end ? 1 : 0;
      return;
    }
  }
}

void Slices::end_turn(std::optional<Nanoseconds> reading) noexcept {
  if (reading_at_turn_ && reading) {
    slices_[turn_].server_cpu = *reading - *reading_at_turn_;
  }
  reading_at_turn_ = std::nullopt;
}

void Slices::read() noexcept {
  const std::optional<Nanoseconds> reading = clock_->read();
  end_turn(reading);
  unread_turn_ = false;
  if (is_kept()) {
    turn_ = slices_.size() - 1;
    reading_at_turn_ = reading;
  }
}

void Slices::finish() noexcept {
  if (reading_at_turn_) {
    end_turn(clock_->read());
  }
}

}  // namespace fanin::load
