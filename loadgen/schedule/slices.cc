#include "loadgen/schedule/slices.h"

namespace fanin::load {

void Slices::begin(const Window& window, const ProcessClock* clock) {
  window_ = window;
  clock_ = clock;
  const auto whole = static_cast<std::size_t>((window.close - window.open) / plan_.length);
  slices_.reserve(whole / plan_.targets + 2);
  number_ = 0;
  enter();
}

// The next slice may count now although it did not before.
void Slices::move_window(const Window& window) noexcept {
  window_ = window;
  keep_if_counted();
}

// Advances from slice number_ to the next one of this target.
void Slices::enter() noexcept {
  while (plan_.owner(number_) != plan_.own) {
    ++number_;
  }
  begin_ = window_.start + plan_.length * static_cast<std::int64_t>(number_);
  end_ = begin_ + plan_.length;
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
