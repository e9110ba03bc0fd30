#include "loadgen/schedule/slices.h"

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

Nanoseconds SlicePlan::begin_of(std::uint64_t number) const noexcept {
  const Nanoseconds even = length * static_cast<std::int64_t>(number);
  if (number == 0) {
    return even;
  }
  const double share = static_cast<double>(draw(seed, kBorders, number) >> 11) / static_cast<double>(1ULL << 52) - 1;
  return even + Nanoseconds(static_cast<std::int64_t>(share * static_cast<double>(length.count()) / kJitterShare));
}

unsigned SlicePlan::place(unsigned target, std::uint64_t block) const noexcept {
  const std::uint64_t drawn = draw(seed, block, target);
  unsigned before = 0;
  for (unsigned other = 0; other < targets; ++other) {
    const std::uint64_t others = draw(seed, block, other);
    before += others < drawn || (others == drawn && other < target) ? 1 : 0;
  }
  return before;
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
}

void Slices::keep_if_counted() noexcept {
  const bool kept = !slices_.empty() && slices_.back().number == number_;
  if (kept || begin_ < window_.open || end_ > window_.close || slices_.size() == slices_.capacity()) {
    return;
  }
  slices_.push_back({.number = number_, .begin = begin_ + plan_.cut, .end = end_ - plan_.cut});
  if (clock_ != nullptr && reading_ + 1 == slices_.size()) {
    next_reading_ = slices_.back().begin;
  }
}

// Replies to requests of earlier slices may still come.
void Slices::completed(TimePoint sent) noexcept {
  for (std::size_t i = slices_.size(); i-- > 0;) {
    if (sent >= slices_[i].begin) {
      slices_[i].completed += sent < slices_[i].end ? 1 : 0;
      return;
    }
  }
}

// After a preemption one tick may pass both borders; such readings do not measure the slice.
void Slices::read(TimePoint at) noexcept {
  Slice& slice = slices_[reading_];
  if (!inside_) {
    first_reading_ = at < slice.end ? clock_->read() : std::nullopt;
    next_reading_ = slice.end;
    inside_ = true;
  } else {
    if (const auto last = clock_->read(); first_reading_ && last) {
      slice.server_cpu = *last - *first_reading_;
    }
    inside_ = false;
    ++reading_;
    next_reading_ = reading_ < slices_.size() ? slices_[reading_].begin : TimePoint::max();
  }
}

}  // namespace fanin::load
