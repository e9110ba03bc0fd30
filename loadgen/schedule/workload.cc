#include "loadgen/schedule/workload.h"

#include <algorithm>
#include <utility>

namespace fanin {

Workload::Workload(const WorkloadPlan& plan, std::optional<Schedule> schedule, Recorder& recorder, Slices* slices,
                   ClassRecorder* classes)
    : plan_(plan),
      schedule_(std::move(schedule)),
      recorder_(recorder),
      slices_(slices),
      classes_(classes),
      lanes_(plan.connections),
      slots_(std::size_t{plan.connections} * plan.depth),
      free_(std::size_t{plan.connections} * plan.depth),
      thinking_(plan.think > Nanoseconds(0) ? std::size_t{plan.connections} * plan.depth : 0),
      retired_(plan.requests_per_connection > 0 ? plan.connections : 0) {}

void Workload::start(const Window& window) {
  recorder_.begin(window);
  started_ = true;
}

const Workload::Slot& Workload::slot(std::uint32_t connection, std::uint32_t place) const noexcept {
  std::uint32_t index = lanes_[connection].head + place;
  index -= index >= plan_.depth ? plan_.depth : 0;
  return slots_[std::size_t{connection} * plan_.depth + index];
}

Workload::Slot& Workload::slot(std::uint32_t connection, std::uint32_t place) noexcept {
  return const_cast<Slot&>(std::as_const(*this).slot(connection, place));
}

void Workload::usable(std::uint32_t connection, TimePoint at) noexcept {
  Lane& lane = lanes_[connection];
  if (lane.usable) {
    return;
  }
  lane.usable = true;
  lane.used = 0;
  const std::uint32_t most =
      plan_.requests_per_connection > 0 ? std::min(plan_.depth, plan_.requests_per_connection) : plan_.depth;
  for (std::uint32_t busy = lane.thinking; busy < most; ++busy) {
    free_slot(connection, at);
  }
}

void Workload::unusable(std::uint32_t connection, TimePoint at, ErrorKind kind) noexcept {
  Lane& lane = lanes_[connection];
  for (std::uint32_t i = 0; i < lane.in_flight; ++i) {
    fail(connection, i, at, kind);
  }
  lane.in_flight = 0;
  lane.stale = static_cast<std::uint16_t>(lane.stale + lane.queued);
  lane.queued = 0;
  lane.usable = false;
}

std::uint32_t Workload::replied(std::uint32_t connection, std::uint32_t count, TimePoint at) noexcept {
  Lane& lane = lanes_[connection];
  const std::uint32_t known = std::min<std::uint32_t>(count, lane.in_flight);
  handled_ += known;
  for (std::uint32_t i = 0; i < known; ++i) {
    const Slot& done = slot(connection, 0);
    const bool counts = recorder_.completed(done.intended, done.since, at);
    lane.replies += counts ? 1 : 0;
    if (classes_ != nullptr) [[unlikely]] {
      classes_->completed(connection, at - done.intended, counts);
    }
    if (slices_ != nullptr) {
      slices_->completed(done.since);
    }
    end_oldest(connection, at);
  }
  return known;
}

void Workload::refused(std::uint32_t connection, ErrorKind kind, TimePoint at) noexcept {
  if (lanes_[connection].in_flight > 0) {
    lanes_[connection].replies += recorder_.counts(slot(connection, 0).intended) ? 1 : 0;
    fail(connection, 0, at, kind);
    end_oldest(connection, at);
  }
}

// To be called for the requests of a connection in their order.
void Workload::fail(std::uint32_t connection, std::uint32_t place, TimePoint at, ErrorKind kind) noexcept {
  const TimePoint intended = slot(connection, place).intended;
  recorder_.failed(intended, at, kind);
  if (classes_ != nullptr) {
    classes_->failed(connection, kind, recorder_.counts(intended));
  }
}

// The oldest request in flight has got its reply: its slot thinks, or is free.
void Workload::end_oldest(std::uint32_t connection, TimePoint at) noexcept {
  Lane& lane = lanes_[connection];
  lane.head = static_cast<std::uint16_t>(lane.head + 1U == plan_.depth ? 0 : lane.head + 1U);
  --lane.in_flight;
  if (plan_.think > Nanoseconds(0)) {
    ++lane.thinking;
    thinking_.push({at + plan_.think, connection});
  } else {
    free_slot(connection, at);
  }
}

// A slot has nothing more to wait for: it queues for a request, or its connection is due for a new life, or (the
// connection being down) it waits for usable().
void Workload::free_slot(std::uint32_t connection, TimePoint at) noexcept {
  Lane& lane = lanes_[connection];
  if (!lane.usable) {
    return;
  }
  const std::uint32_t limit = plan_.connect_on_demand ? 0 : plan_.requests_per_connection;
  if (limit > 0 && lane.used + lane.queued >= limit) {
    if (lane.in_flight == 0 && lane.thinking == 0 && lane.queued == 0) {
      retired_.push(connection);
    }
    return;
  }
  slot(connection, lane.in_flight + lane.queued).since = at;
  ++lane.queued;
  if (lane.stale > 0) {
    --lane.stale;  // its old place in the queue lives again, which keeps the queue within its capacity
  } else {
    free_.push(connection);
  }
}

void Workload::skip_stale() noexcept {
  while (!free_.empty() && lanes_[free_.front()].queued == 0) {
    --lanes_[free_.pop()].stale;
  }
}

bool Workload::may_send(TimePoint at) noexcept {
  if (!started_ || free_.empty() || count_reached()) {
    return false;
  }
  skip_stale();
  if (free_.empty()) {
    return false;
  }
  if (schedule_) {
    const TimePoint due = scheduled();
    return due <= at && due < recorder_.window().close;
  }
  return at >= recorder_.window().start && at < recorder_.window().close && (slices_ == nullptr || slices_->open(at));
}

std::optional<Workload::Turn> Workload::next(TimePoint at) noexcept {
  if (!may_send(at)) {
    return std::nullopt;
  }
  const std::uint32_t connection = free_.pop();
  --lanes_[connection].queued;
  TimePoint intended = at;
  if (schedule_) {
    intended = scheduled();
    schedule_->advance();
  }
  take(connection, intended, at);
  return Turn{connection, intended};
}

bool Workload::next_on(std::uint32_t connection, TimePoint at) noexcept {
  return may_send(at) && free_.front() == connection && next(at).has_value();
}

void Workload::take(std::uint32_t connection, TimePoint intended, TimePoint at) noexcept {
  Lane& lane = lanes_[connection];
  Slot& taken = slot(connection, lane.in_flight);
  recorder_.sent(intended, taken.since, at);
  ++handled_;
  taken = {intended, at};
  if (classes_ != nullptr) [[unlikely]] {
    classes_->sent(connection, lane.in_flight, recorder_.counts(intended));
  }
  ++lane.in_flight;
  ++lane.used;
}

void Workload::sent_late(std::uint32_t connection, TimePoint at) noexcept {
  slot(connection, lanes_[connection].in_flight - 1U).since = at;
}

void Workload::wake(TimePoint at) noexcept {
  while (!thinking_.empty() && thinking_.front().until <= at) {
    const Pause pause = thinking_.pop();
    --lanes_[pause.connection].thinking;
    free_slot(pause.connection, pause.until);
  }
}

TimePoint Workload::next_due() noexcept {
  TimePoint due = thinking_.empty() ? TimePoint::max() : thinking_.front().until;
  skip_stale();
  if (started_ && !free_.empty() && !count_reached()) {
    const TimePoint next = schedule_            ? scheduled()
                           : slices_ != nullptr ? slices_->next_begin()
                                                : recorder_.window().start;
    due = next < recorder_.window().close ? std::min(due, next) : due;
  }
  return due;
}

// With a schedule, requests that were due before the window closed are still sent afterwards.
bool Workload::all_sent(TimePoint at) const noexcept {
  if (!started_ || count_reached()) {
    return started_;
  }
  const TimePoint close = recorder_.window().close;
  return at >= close && (!schedule_ || scheduled() >= close);
}

void Workload::abandon(TimePoint at) noexcept {
  std::uint64_t free_slots = 0;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    free_slots += lanes_[i].queued;
    unusable(i, at, ErrorKind::kOpenAtEnd);
  }
  count_unsent(at, free_slots);
}

// Where a slot was free for a request that was due, the generator has failed to send it; the others waited in vain.
void Workload::count_unsent(TimePoint at, std::uint64_t free_slots) noexcept {
  std::uint64_t unsent = 0;
  const TimePoint end = std::min(at, recorder_.window().close);
  for (; schedule_ && !count_reached() && scheduled() < end; schedule_->advance()) {
    unsent += recorder_.counts(scheduled()) ? 1 : 0;
  }
  const std::uint64_t late = std::min(unsent, free_slots);
  recorder_.never_sent(late, unsent - late);
  if (classes_ != nullptr) {
    classes_->never_sent(unsent);
  }
}

}  // namespace fanin
