#include "loadgen/recorder.h"

#include <algorithm>

namespace fanin {
namespace {

constexpr std::size_t kSecondsReserved = 600;
constexpr std::size_t kBucketsPerSecond = 400;  // a busy second fills about 300

}  // namespace

void Recorder::begin(const Window& window) {
  window_ = window;
  const bool by_count = window.close == TimePoint::max();
  const auto length = by_count ? Nanoseconds(0) : window.close - window.open;
  const auto whole = static_cast<std::size_t>(length / std::chrono::seconds(1)) + 2;
  const std::size_t reserved = by_count ? kSecondsReserved : std::min(whole, kSecondsReserved);
  seconds_.reserve(reserved);
  second_buckets_.reserve(reserved * kBucketsPerSecond);
  second_end_ = window.open + std::chrono::seconds(1);
}

void Recorder::move_window(TimePoint open) noexcept {
  if (window_.close != TimePoint::max()) {
    window_.close -= window_.open - open;
  }
  window_.open = open;
  second_end_ = open + std::chrono::seconds(1);
}

void Recorder::close_at(TimePoint close) noexcept { window_.close = std::min(window_.close, close); }

void Recorder::failed(TimePoint intended, TimePoint at, ErrorKind kind) noexcept {
  if (!counts(intended)) {
    outside_errors_.add(kind);
    return;
  }
  if (at >= second_end_) {
    roll_to(at);
  }
  last_outcome_ = at;
  count_outcome(kind, 1);
  if (separate_service_) {
    service_.record_infinite();
  }
}

void Recorder::never_sent(std::uint64_t late, std::uint64_t queued) noexcept {
  sent_ += late + queued;
  count_outcome(ErrorKind::kNotSent, late + queued);
  if (separate_service_) {
    lateness_.record_infinite(late);
    queueing_.record_infinite(queued);
  }
}

void Recorder::count_outcome(ErrorKind kind, std::uint64_t times) noexcept {
  (is_unanswered(kind) ? unanswered_ : failed_) += times;
  second_failed_ += times;
  request_errors_.add(kind, times);
  response_.record_infinite(times);
}

// Outcomes after the end of the window belong to its last second: the series has the window's seconds and no others.
void Recorder::roll_to(TimePoint at) noexcept {
  while (at >= second_end_ && second_end_ < window_.close) {
    end_second();
    second_end_ += std::chrono::seconds(1);
  }
  if (second_end_ >= window_.close) {
    second_end_ = TimePoint::max();
  }
}

void Recorder::end_second() noexcept {
  Second second{.completed = second_histogram_.count(),
                .failed = second_failed_,
                .max = second_histogram_.max(),
                .first_bucket = second_buckets_.size()};
  if (second.completed > 0) {
    const std::size_t last = Histogram::index_of(static_cast<std::uint64_t>(second.max.count()));
    for (std::size_t i = Histogram::index_of(static_cast<std::uint64_t>(second_histogram_.min().count())); i <= last;
         ++i) {
      if (const std::uint64_t count = second_histogram_.count_at(i); count > 0) {
        second_buckets_.push_back({static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(count)});
      }
    }
    response_.merge(second_histogram_);
    second_histogram_.clear();
  }
  second.bucket_count = second_buckets_.size() - second.first_bucket;
  seconds_.push_back(second);
  second_failed_ = 0;
}

void Recorder::finish() noexcept {
  if (window_.close != TimePoint::max()) {
    roll_to(window_.close - Nanoseconds(1));  // seconds without any outcome are part of the series too
  }
  end_second();
  publish();
}

}  // namespace fanin
