#include "loadgen/records/recorder.h"

#include <algorithm>

namespace fanin::load {
namespace {

constexpr std::size_t kSecondsReserved = 600;

}  // namespace

void Recorder::begin(const Window& window) {
  window_ = window;
  const bool by_count = window.close == TimePoint::max();
  const auto length = by_count ? Nanoseconds(0) : window.close - window.open;
  const auto whole = static_cast<std::size_t>(length / std::chrono::seconds(1)) + 2;
  seconds_.reserve(by_count ? kSecondsReserved : std::min(whole, kSecondsReserved));
  second_end_ = std::min(window.open + std::chrono::seconds(1), window.close);
}

void Recorder::move_window(TimePoint open) noexcept {
  if (window_.close != TimePoint::max()) {
    window_.close -= window_.open - open;
  }
  window_.open = open;
  second_end_ = std::min(open + std::chrono::seconds(1), window_.close);
}

void Recorder::close_at(TimePoint close) noexcept {
  if (close < window_.close) {
    window_.close = close;
    second_end_ = std::min(second_end_, close);
  }
}

void Recorder::failed(TimePoint intended, TimePoint at, ErrorKind kind) noexcept {
  if (!counts(intended)) {
    outside_errors_.add(kind);
    errors_to_publish_ = true;
    return;
  }
  if (at >= second_end_) {
    roll_to(at);
  }
  last_outcome_ = at;
  count_outcome(kind, 1);
  if (separate_service_) {
    service_.record_uncompleted();
  }
}

void Recorder::never_sent(std::uint64_t late, std::uint64_t queued) noexcept {
  sent_ += late + queued;
  count_outcome(ErrorKind::kNotSent, late + queued);
  if (separate_service_) {
    lateness_.record_uncompleted(late);
    queueing_.record_uncompleted(queued);
  }
}

void Recorder::count_outcome(ErrorKind kind, std::uint64_t times) noexcept {
  (is_unanswered(kind) ? unanswered_ : failed_) += times;
  second_failed_ += times;
  request_errors_.add(kind, times);
  errors_to_publish_ = true;
  response_.record_uncompleted(times);
}

// Outcomes after the window belong to its last second: the series has only the window's seconds.
void Recorder::roll_to(TimePoint at) noexcept {
  while (at >= second_end_ && second_end_ < window_.close) {
    end_second();
    second_end_ = std::min(second_end_ + std::chrono::seconds(1), window_.close);
  }
  if (at >= window_.close && second_end_ != TimePoint::max()) {
    completed_by_close_ = completed_;
    second_end_ = TimePoint::max();
  }
}

void Recorder::end_second() noexcept {
  seconds_.add(second_histogram_, second_failed_);
  if (second_histogram_.count() > 0) {
    response_.merge(second_histogram_);
    second_histogram_.clear();
  }
  second_failed_ = 0;
}

void Recorder::publish_errors() noexcept {
  progress_failed_.store(failed_ + unanswered_, std::memory_order_relaxed);
  progress_outside_failed_.store(outside_errors_.total(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    progress_errors_[i].store(request_errors_[kind] + outside_errors_[kind] + connection_errors_[kind],
                              std::memory_order_relaxed);
  }
  errors_to_publish_ = false;
}

ErrorCounts Recorder::progress_errors() const noexcept {
  ErrorCounts errors;
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    errors.add(static_cast<ErrorKind>(i), progress_errors_[i].load(std::memory_order_relaxed));
  }
  return errors;
}

void Recorder::finish() noexcept {
  if (window_.close != TimePoint::max()) {
    roll_to(window_.close - Nanoseconds(1));  // seconds without any outcome are part of the series too
  }
  end_second();
  second_end_ = TimePoint::max();
  publish(last_outcome_, progress_connections());
  finished_.store(true, std::memory_order_release);
}

void ClassRecord::merge(const ClassRecord& other) noexcept {
  sent += other.sent;
  completed += other.completed;
  failed += other.failed;
  unanswered += other.unanswered;
  response.merge(other.response);
}

ClassRecorder::ClassRecorder(const protocols::RequestMix& mix, std::uint32_t first, std::uint32_t connections)
    : mix_(mix), first_(first), ended_(connections), records_(mix.classes()) {}

void ClassRecorder::completed(std::uint32_t connection, Nanoseconds latency, bool counts) noexcept {
  if (counts) {
    ClassRecord& record = this->record(connection, 0);
    ++record.completed;
    record.response.record(latency);
  }
  ++ended_[connection];
}

void ClassRecorder::failed(std::uint32_t connection, ErrorKind kind, bool counts) noexcept {
  if (counts) {
    ClassRecord& record = this->record(connection, 0);
    ++(is_unanswered(kind) ? record.unanswered : record.failed);
    record.response.record_uncompleted();
  }
  ++ended_[connection];
}

void ClassRecorder::never_sent(std::uint64_t times) noexcept {
  // No connection has this number: they count up from 0.
  const std::uint32_t none = ~first_;
  for (std::uint64_t i = 0; i < times; ++i) {
    ClassRecord& record = records_[mix_.pick_class(none, static_cast<std::uint32_t>(i))];
    ++record.sent;
    ++record.unanswered;
    record.response.record_uncompleted();
  }
}

}  // namespace fanin::load
