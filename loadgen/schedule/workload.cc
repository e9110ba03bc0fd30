#include "loadgen/schedule/workload.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace fanin::load {

Workload::Workload(const WorkloadPlan& plan, std::optional<Schedule> schedule, Recorder& recorder, Slices* slices,
                   ClassRecorder* classes)
    : plan_(plan),
      max_requests_(plan.requests.value_or(std::numeric_limits<std::uint64_t>::max())),
      plain_(plan.pipeline == 1 && plan.think_time == Nanoseconds(0) && plan.requests_per_connection == 0 &&
             slices == nullptr && classes == nullptr),
      schedule_(std::move(schedule)),
      recorder_(recorder),
      slices_(slices),
      classes_(classes),
      records_(plan.connections),
      slots_(plan.pipeline > 1 ? std::size_t{plan.connections} * plan.pipeline : 0),
      free_(std::size_t{plan.connections} * plan.pipeline),
      thinking_(plan.think_time > Nanoseconds(0) ? std::size_t{plan.connections} * plan.pipeline : 0),
      downtime_(plan.connections),
      retired_(plan.requests_per_connection > 0 ? plan.connections : 0) {}

void Workload::start(const Window& window) {
  recorder_.begin(window);
  downtime_.begin(window.start);
  started_ = true;
}

void Workload::usable(std::uint32_t connection, TimePoint at) noexcept {
  ConnectionRecord& record = this->record(connection);
  if (record.usable) {
    return;
  }
  downtime_.up(record.lost, at, recorder_.window());
  record.usable = true;
  record.lost = false;
  record.ended = false;
  record.used = 0;
  const std::uint32_t slots =
      plan_.requests_per_connection > 0 ? std::min(plan_.pipeline, plan_.requests_per_connection) : plan_.pipeline;
  for (std::uint32_t busy = record.thinking; busy < slots; ++busy) {
    free_slot<false>(connection, at);
  }
}

void Workload::unusable(std::uint32_t connection, TimePoint at, ErrorKind kind) noexcept {
  ConnectionRecord& record = this->record(connection);
  for (std::uint32_t i = 0; i < record.in_flight; ++i) {
    fail(connection, i, at, kind);
  }
  record.in_flight = 0;
  end_requests(record);
  if (record.usable) {
    downtime_.down(at, recorder_.window());
  }
  record.usable = false;
}

void Workload::end_requests(ConnectionRecord& record) noexcept {
  record.stale = static_cast<std::uint16_t>(record.stale + record.queued);
  record.queued = 0;
  record.ended = true;
}

void Workload::lost(std::uint32_t connection, TimePoint at) noexcept {
  ConnectionRecord& record = this->record(connection);
  if (!record.usable && !record.lost) {
    record.lost = true;
    downtime_.lost(at, recorder_.window());
  }
}

void Workload::refused(std::uint32_t connection, ErrorKind kind, TimePoint at) noexcept {
  if (record(connection).in_flight > 0) {
    record(connection).replies += recorder_.counts(slot(connection, 0).intended) ? 1 : 0;
    fail(connection, 0, at, kind);
    end_oldest<false>(connection, at);
  }
}

// Call it for the requests of a connection in order.
void Workload::fail(std::uint32_t connection, std::uint32_t position, TimePoint at, ErrorKind kind) noexcept {
  const TimePoint intended = slot(connection, position).intended;
  recorder_.failed(intended, at, kind);
  if (is_unanswered(kind) && record(connection).replies > 0) {
    const Window& window = recorder_.window();
    unanswered_time_ += std::max(std::min(at, window.close) - std::max(intended, window.open), Nanoseconds(0));
  }
  if (classes_ != nullptr) {
    classes_->failed(connection, kind, recorder_.counts(intended));
  }
}

void Workload::sent_late(std::uint32_t connection, TimePoint at) noexcept {
  slot(connection, record(connection).in_flight - 1U).since = at;
}

void Workload::wake(TimePoint at) noexcept {
  while (!thinking_.empty() && thinking_.front().until <= at) {
    const Pause pause = thinking_.pop();
    --record(pause.connection).thinking;
    free_slot<false>(pause.connection, pause.until);
  }
}

TimePoint Workload::next_due(TimePoint at) noexcept {
  TimePoint due = thinking_.empty() ? TimePoint::max() : thinking_.front().until;
  skip_stale();
  if (started_ && !free_.empty() && !count_reached()) {
    // A closed loop sends nothing after the window; a backlog of a schedule is still sent, but not without its slice.
    const TimePoint next = schedule_ && slices_ != nullptr ? slices_->next_due(schedule_->next())
                           : schedule_                     ? scheduled()
                           : slices_ != nullptr            ? slices_->next_begin()
                                                           : recorder_.window().start;
    const TimePoint last = schedule_ && slices_ == nullptr ? next : std::max(next, at);
    due = last < recorder_.window().close ? std::min(due, next) : due;
  }
  return due;
}

void Workload::abandon(TimePoint at) noexcept {
  const bool by_count = recorder_.window().close == TimePoint::max();
  downtime_.finish(by_count ? recorder_.last_outcome() : at, recorder_.window());
  std::uint64_t free_slots = 0;
  for (std::uint32_t i = 0; i < records_.size(); ++i) {
    free_slots += record(i).queued;
    unusable(i, at, ErrorKind::kOpenAtEnd);
  }
  count_unsent(at, free_slots);
}

// Due requests with a free slot were not sent in time by the generator; the others never found a free connection.
void Workload::count_unsent(TimePoint at, std::uint64_t free_slots) noexcept {
  std::uint64_t unsent = 0;
  const TimePoint end = std::min(at, recorder_.window().close);
  const Nanoseconds due = slices_ == nullptr ? end - recorder_.window().start : slices_->active_until(end);
  for (; schedule_ && !count_reached() && schedule_->next() < due; schedule_->advance()) {
    unsent += recorder_.counts(std::min(scheduled(), end - Nanoseconds(1))) ? 1 : 0;
  }
  const std::uint64_t late = std::min(unsent, free_slots);
  recorder_.never_sent(late, unsent - late);
  if (classes_ != nullptr) {
    classes_->never_sent(unsent);
  }
}

}  // namespace fanin::load
