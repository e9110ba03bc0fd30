#include "loadgen/records/class_recorder.h"

namespace fanin::load {

void ClassRecord::merge(const ClassRecord& other) noexcept {
  sent += other.sent;
  completed += other.completed;
  failed += other.failed;
  unanswered += other.unanswered;
  response.merge(other.response);
}

ClassRecorder::ClassRecorder(const RequestMix& mix, std::uint32_t first, std::uint32_t connections)
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
