#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "loadgen/records/clock.h"
#include "loadgen/records/lost_time.h"
#include "loadgen/records/recorder.h"
#include "loadgen/schedule/arrival.h"
#include "loadgen/schedule/connection_record.h"
#include "loadgen/schedule/slices.h"

namespace fanin::load {

// The workload of one thread.
struct WorkloadPlan {
  std::uint32_t connections = 1;              // active ones of this thread
  std::uint32_t pipeline = 1;                 // requests in flight per connection, 1 to 65535
  Nanoseconds think_time{0};                  // closed loop: from a reply to the next request of its slot
  std::uint32_t requests_per_connection = 0;  // 0: no limit
  bool connect_on_demand = false;             // a request makes its own connection
  std::optional<std::uint64_t> requests;      // ends the window by count
};

// Decides which connection sends when, and accounts for every request. No I/O and no clock: the driver reports events
// with their times. Closed loop without a schedule, open loop with one. Used by one thread.
//
// A connection has `pipeline` slots. Free slots wait in a FIFO queue, so the next request goes to the connection that
// has been free for the longest. If none is free when a request is due, the request waits, and its latency still counts
// from its intended time. Every slot knows since when it is free: waiting after that is the generator's lateness,
// waiting before that is caused by the server.
class Workload {
 public:
  // `recorder`, `slices` and `classes` must outlive this. With slices requests are sent only within them;
  // with classes every outcome is recorded there too.
  Workload(const WorkloadPlan& plan, std::optional<Schedule> schedule, Recorder& recorder, Slices* slices = nullptr,
           ClassRecorder* classes = nullptr);

  // Traffic may begin; next() returns nothing before. usable() may announce connections before or later.
  void start(const Window& window);

  // The connection may send from `at` on, in a new life. The time is ignored before the traffic begins.
  void usable(std::uint32_t connection, TimePoint at = TimePoint::min()) noexcept;
  // The connection is closed: its requests in flight end with `kind`, its slots wait for usable().
  void unusable(std::uint32_t connection, TimePoint at, ErrorKind kind) noexcept;
  // It broke, or could not be opened: it counts as lost until usable(). Called after unusable().
  void lost(std::uint32_t connection, TimePoint at) noexcept;
  // `count` replies to the oldest requests in flight. Returns how many of these were in flight.
  std::uint32_t replied(std::uint32_t connection, std::uint32_t count, TimePoint at) noexcept;
  // A reply that fails the oldest request in flight with `kind`; the connection stays usable.
  void refused(std::uint32_t connection, ErrorKind kind, TimePoint at) noexcept;

  // Whether next(at) would return a connection. Spares a reading of the clock if it would not.
  bool may_send(TimePoint at) noexcept;
  // The connection for the next due request, which counts as sent at `at`.
  std::optional<std::uint32_t> next(TimePoint at) noexcept;
  // As next(), but only if this connection is the next one: pipelined requests then share one system call.
  bool next_on(std::uint32_t connection, TimePoint at) noexcept;
  // Corrects the time of the newest request of a connection that had to be opened first.
  void sent_late(std::uint32_t connection, TimePoint at) noexcept;

  // Queues the slots whose think time is over.
  void wake(TimePoint at) noexcept;
  // Earliest time, possibly before `at`, at which a request may be due without a further reply; max if there is none.
  TimePoint next_due(TimePoint at) noexcept;
  // Connections that have made their number of requests and are to be replaced.
  bool retires() const noexcept { return !retired_.empty(); }
  std::optional<std::uint32_t> retired() noexcept {
    return retired_.empty() ? std::nullopt : std::optional(retired_.pop());
  }

  // The record of a connection; only the workload may change the workload's part.
  ConnectionRecord& record(std::uint32_t connection) noexcept { return records_[connection]; }
  const ConnectionRecord& record(std::uint32_t connection) const noexcept { return records_[connection]; }
  std::span<ConnectionRecord> records() noexcept { return records_; }
  std::uint32_t in_flight(std::uint32_t connection) const noexcept { return record(connection).in_flight; }
  // When the oldest request in flight was sent; precondition: there is one.
  TimePoint oldest_sent(std::uint32_t connection) const noexcept { return slot(connection, 0).since; }
  // Ended requests of all lives of a connection, modulo 2^32; 0 without classes, which alone need it.
  std::uint32_t ended(std::uint32_t connection) const noexcept {
    return classes_ != nullptr ? classes_->ended(connection) : 0;
  }
  // Requests sent plus replies received in the whole run.
  std::uint64_t handled() const noexcept { return handled_; }
  // Whether a request is sent and has not ended.
  bool any_in_flight() const noexcept {
    const std::uint64_t sent = handled_ - recorder_.all_completed();
    return sent > recorder_.all_completed() + recorder_.all_failed();
  }
  const DowntimeMeter& downtime() const noexcept { return downtime_; }
  // Sum of the times in flight of unanswered requests within the window, of connections with a reply in it.
  Nanoseconds unanswered_time() const noexcept { return unanswered_time_; }
  // Replies to requests of the window.
  std::uint32_t replies(std::uint32_t connection) const noexcept { return record(connection).replies; }

  // next() will return no more requests.
  bool all_sent(TimePoint at) const noexcept {
    if (!started_ || count_reached()) {
      return started_;
    }
    const TimePoint close = recorder_.window().close;
    // Requests due before the close are still sent, unless their slice is over.
    return at >= close && (!schedule_ || slices_ != nullptr || scheduled() >= close);
  }
  // all_sent(), and all requests of the window are accounted for.
  bool finished(TimePoint at) const noexcept { return all_sent(at) && recorder_.outstanding() == 0; }
  // Ends the window at `at` (an interrupt) unless it ends earlier; requests sent at exactly `at` still belong to it.
  void close_at(TimePoint at) noexcept { recorder_.close_at(at + Nanoseconds(1)); }
  // Accounts for all open requests: in flight, or due and never sent.
  void abandon(TimePoint at) noexcept;

 private:
  struct Pause {
    TimePoint until;
    std::uint32_t connection;
  };

  [[gnu::always_inline]] Slot& slot(std::uint32_t connection, std::uint32_t position) noexcept {
    return const_cast<Slot&>(std::as_const(*this).slot(connection, position));
  }
  [[gnu::always_inline]] const Slot& slot(std::uint32_t connection, std::uint32_t position) const noexcept {
    const ConnectionRecord& record = this->record(connection);
    if (plan_.pipeline == 1) {
      return record.only;
    }
    std::uint32_t index = record.head + position;
    index -= index >= plan_.pipeline ? plan_.pipeline : 0;
    return slots_[std::size_t{connection} * plan_.pipeline + index];
  }
  TimePoint scheduled() const noexcept {
    return slices_ == nullptr ? recorder_.window().start + schedule_->next() : slices_->time_of(schedule_->next());
  }
  bool count_reached() const noexcept { return recorder_.sent_count() >= max_requests_; }
  void fail(std::uint32_t connection, std::uint32_t position, TimePoint at, ErrorKind kind) noexcept;
  // Sends no more requests on this connection in this life; those in flight stay in flight.
  static void end_requests(ConnectionRecord& record) noexcept;
  // The request path is inline: calls would double its cost. `plain` compiles out what a plain workload does not need.
  template <bool plain>
  [[gnu::always_inline]] void complete_oldest(std::uint32_t connection, TimePoint at) noexcept;
  template <bool plain>
  [[gnu::always_inline]] void end_oldest(std::uint32_t connection, TimePoint at) noexcept;
  template <bool plain>
  [[gnu::always_inline]] void free_slot(std::uint32_t connection, TimePoint at) noexcept;
  void skip_stale() noexcept;
  std::uint32_t hand_out(TimePoint at) noexcept;
  void take(std::uint32_t connection, TimePoint intended, TimePoint at) noexcept;
  void count_unsent(TimePoint at, std::uint64_t free_slots) noexcept;

  WorkloadPlan plan_;
  std::uint64_t max_requests_;
  bool plain_;  // one slot per connection, free again as soon as its reply is there
  std::optional<Schedule> schedule_;
  Recorder& recorder_;
  Slices* slices_;
  ClassRecorder* classes_;
  bool started_ = false;
  std::vector<ConnectionRecord> records_;
  std::vector<Slot> slots_;   // a ring of `pipeline` slots per connection, if that is above 1
  Ring<std::uint32_t> free_;  // connections with a free slot, once per slot, longest free first
  Ring<Pause> thinking_;      // all pauses have the same length, so FIFO order is order of end
  std::uint64_t handled_ = 0;
  DowntimeMeter downtime_;
  Nanoseconds unanswered_time_{0};
  Ring<std::uint32_t> retired_;  // each at most once
};

// The request path, inline in the loops: calls would double its cost.
[[gnu::always_inline]] inline void Workload::skip_stale() noexcept {
  while (!free_.empty() && record(free_.front()).queued == 0) {
    --record(free_.pop()).stale;
  }
}

[[gnu::always_inline]] inline bool Workload::may_send(TimePoint at) noexcept {
  if (!started_ || free_.empty() || count_reached()) {
    return false;
  }
  skip_stale();
  if (free_.empty()) {
    return false;
  }
  if (slices_ != nullptr && (at < recorder_.window().start || at >= recorder_.window().close || !slices_->open(at))) {
    return false;
  }
  if (schedule_) {
    const TimePoint due = scheduled();
    return due <= at && due < recorder_.window().close;
  }
  return at >= recorder_.window().start && at < recorder_.window().close;
}

[[gnu::always_inline]] inline std::optional<std::uint32_t> Workload::next(TimePoint at) noexcept {
  return may_send(at) ? std::optional(hand_out(at)) : std::nullopt;
}

[[gnu::always_inline]] inline std::uint32_t Workload::hand_out(TimePoint at) noexcept {
  const std::uint32_t connection = free_.pop();
  --record(connection).queued;
  TimePoint intended = at;
  if (schedule_) {
    intended = scheduled();
    schedule_->advance();
  }
  take(connection, intended, at);
  return connection;
}

[[gnu::always_inline]] inline void Workload::take(std::uint32_t connection, TimePoint intended, TimePoint at) noexcept {
  ConnectionRecord& record = this->record(connection);
  Slot& taken = slot(connection, record.in_flight);
  recorder_.sent(intended, slices_ == nullptr ? taken.since : slices_->without_pause(taken.since), at);
  ++handled_;
  taken = {intended, at};
  if (classes_ != nullptr) [[unlikely]] {
    if (classes_->sent(connection, record.in_flight, recorder_.counts(intended))) {
      end_requests(record);
    }
  }
  ++record.in_flight;
  ++record.used;
}

[[gnu::always_inline]] inline bool Workload::next_on(std::uint32_t connection, TimePoint at) noexcept {
  if (!may_send(at) || free_.front() != connection) {
    return false;
  }
  hand_out(at);
  return true;
}

[[gnu::always_inline]] inline std::uint32_t Workload::replied(std::uint32_t connection, std::uint32_t count,
                                                              TimePoint at) noexcept {
  const std::uint32_t known = std::min<std::uint32_t>(count, record(connection).in_flight);
  handled_ += known;
  if (plain_) [[likely]] {
    if (known > 0) {
      complete_oldest<true>(connection, at);
    }
    return known;
  }
  for (std::uint32_t i = 0; i < known; ++i) {
    complete_oldest<false>(connection, at);
  }
  return known;
}

template <bool plain>
[[gnu::always_inline]] inline void Workload::complete_oldest(std::uint32_t connection, TimePoint at) noexcept {
  const Slot& done = plain ? record(connection).only : slot(connection, 0);
  const bool counts = recorder_.completed(done.intended, done.since, at);
  record(connection).replies += counts ? 1 : 0;
  if (!plain && classes_ != nullptr) {
    classes_->completed(connection, at - done.intended, counts);
  }
  if (!plain && slices_ != nullptr) {
    slices_->completed(done.since);
  }
  end_oldest<plain>(connection, at);
}

// The oldest request in flight has its reply: its slot thinks, or becomes free.
template <bool plain>
[[gnu::always_inline]] inline void Workload::end_oldest(std::uint32_t connection, TimePoint at) noexcept {
  ConnectionRecord& record = this->record(connection);
  if (!plain) {
    record.head = static_cast<std::uint16_t>(record.head + 1U == plan_.pipeline ? 0 : record.head + 1U);
  }
  --record.in_flight;
  if (!plain && plan_.think_time > Nanoseconds(0)) {
    ++record.thinking;
    thinking_.push({at + plan_.think_time, connection});
  } else {
    free_slot<plain>(connection, at);
  }
}

// A slot becomes free: it queues for a request, or its connection retires, or, if the connection is down, it waits for
// usable().
template <bool plain>
[[gnu::always_inline]] inline void Workload::free_slot(std::uint32_t connection, TimePoint at) noexcept {
  ConnectionRecord& record = this->record(connection);
  if (!record.usable || (!plain && record.ended)) {
    return;
  }
  const std::uint32_t limit = plain || plan_.connect_on_demand ? 0 : plan_.requests_per_connection;
  if (limit > 0 && record.used + record.queued >= limit) {
    if (record.in_flight == 0 && record.thinking == 0 && record.queued == 0) {
      retired_.push(connection);
    }
    return;
  }
  (plain ? record.only : slot(connection, record.in_flight + record.queued)).since = at;
  ++record.queued;
  if (record.stale > 0) {
    --record.stale;  // reuses its stale queue entry, which keeps the queue within its capacity
  } else {
    free_.push(connection);
  }
}

}  // namespace fanin::load
