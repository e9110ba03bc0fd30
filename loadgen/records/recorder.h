#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/marker.h"
#include "loadgen/records/clock.h"
#include "loadgen/records/error_kind.h"
#include "loadgen/records/histogram.h"
#include "loadgen/records/second_series.h"
#include "protocols/request_mix.h"

namespace fanin::load {

// The times of a run. A request belongs to the window if its intended send time is in [open, close).
struct Window {
  TimePoint start{};  // traffic begins; the schedule counts from here
  TimePoint open{};
  TimePoint close{TimePoint::max()};  // max: a number of requests ends the window
};

// Connections of one thread, or of all once added up.
struct ConnectionCounts {
  std::uint64_t established = 0;  // active ones up when the traffic began (or, made on demand, that ever came up)
  std::uint64_t failed = 0;       // active ones that did not come up or broke at least once
  std::uint64_t reconnects = 0;   // reopened within the window
  std::uint64_t idle_established = 0;
  std::uint64_t idle_served = 0;  // of those to be verified
  std::uint64_t idle_lost = 0;
  std::uint64_t aborts_made = 0;  // due within the window, as the next one
  std::uint64_t aborts_failed = 0;
};

// The measurements of one thread. That thread fills it without locks; others read it after the thread has ended, but
// any thread may read the progress counters and the seconds at any time.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): what other threads read has its own cache line
class alignas(64) Recorder {
 public:
  // separate_service: response and service times differ (open loop, connections made on demand); otherwise one
  // histogram stands for both. tolerance: how late a send may be.
  explicit Recorder(bool separate_service, Nanoseconds tolerance = Nanoseconds::max())
      : separate_service_(separate_service), tolerance_(tolerance) {}

  // Allocates the per-second series, so that recording allocates nothing in runs of up to ten minutes.
  void begin(const Window& window);
  // Moves the window to an earlier opening: at `wish`, or just after `at` if that is later. Call it before anything
  // intended later than `at` is recorded. Returns whether the window has moved.
  bool open_early(TimePoint wish, TimePoint at) noexcept {
    const TimePoint open = wish > at ? wish : at + Nanoseconds(1);
    if (open < window_.open) [[unlikely]] {
      move_window(open);
      return true;
    }
    return false;
  }
  // Ends the window early, at a time after every intended time recorded so far.
  void close_at(TimePoint close) noexcept;
  const Window& window() const noexcept { return window_; }
  bool counts(TimePoint intended) const noexcept { return intended >= window_.open && intended < window_.close; }

  // A request due at `intended` was sent at `at`, on a connection that was free since `free_since`.
  [[gnu::always_inline]] void sent(TimePoint intended, TimePoint free_since, TimePoint at) noexcept {
    if (counts(intended)) {
      ++sent_;
      if (separate_service_) {
        record_schedule(intended, free_since, at);
      }
    }
    last_sent_ = at;
  }
  // Requests sent from now on are late by up to `time` because of preemptions (see BusyPollMeter).
  void preempted(Nanoseconds time) noexcept { preempted_ = time; }
  // Returns whether the request is of the window.
  [[gnu::always_inline]] bool completed(TimePoint intended, TimePoint sent, TimePoint at) noexcept {
    ledger::mark<ledger::Marker::kReply>();
    completed_in_window_ += counts(at) ? 1 : 0;
    if (!counts(intended)) {
      ++completed_outside_;
      return false;
    }
    if (at >= second_end_) [[unlikely]] {
      roll_to(at);
    }
    ++completed_;
    last_outcome_ = at;
    second_histogram_.record(at - intended);
    if (separate_service_) {
      service_.record(at - sent);
    }
    return true;
  }
  // A request failed or stayed unanswered, according to its kind.
  void failed(TimePoint intended, TimePoint at, ErrorKind kind) noexcept;
  // Requests of the window that were due and never sent: `late` ones with a free connection, `queued` ones without.
  void never_sent(std::uint64_t late, std::uint64_t queued) noexcept;
  void connected(Nanoseconds latency) noexcept { connect_.record(latency); }
  void connection_error(ErrorKind kind) noexcept {
    connection_errors_.add(kind);
    errors_to_publish_ = true;
  }
  void bytes_sent(std::size_t count) noexcept { bytes_sent_ += count; }
  void bytes_received(std::size_t count) noexcept { bytes_received_ += count; }

  // Publishes the progress to other threads, and ends a second that is over. Called regularly, not per request.
  void publish(TimePoint at, std::uint64_t connections_up) noexcept {
    if (at >= second_end_) {
      roll_to(at);
    }
    progress_completed_.store(completed_, std::memory_order_relaxed);
    progress_outside_.store(completed_outside_, std::memory_order_relaxed);
    progress_connections_.store(connections_up, std::memory_order_relaxed);
    if (errors_to_publish_) {
      publish_errors();
    }
  }
  std::uint64_t progress_completed() const noexcept { return progress_completed_.load(std::memory_order_relaxed); }
  // Requests completed outside the window.
  std::uint64_t progress_outside() const noexcept { return progress_outside_.load(std::memory_order_relaxed); }
  std::uint64_t progress_failed() const noexcept { return progress_failed_.load(std::memory_order_relaxed); }
  std::uint64_t progress_outside_failed() const noexcept {
    return progress_outside_failed_.load(std::memory_order_relaxed);
  }
  std::uint64_t progress_connections() const noexcept { return progress_connections_.load(std::memory_order_relaxed); }
  // Errors of requests and connections, including those before the window.
  ErrorCounts progress_errors() const noexcept;
  // No more seconds will be added.
  bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }

  // Adds pending counts to the totals. Call once, after the last outcome and before reading.
  void finish() noexcept;

  std::uint64_t sent_count() const noexcept { return sent_; }
  std::uint64_t completed_count() const noexcept { return completed_; }
  // Requests sent outside the window; exact once all are accounted for.
  std::uint64_t outside_count() const noexcept { return completed_outside_ + outside_errors_.total(); }
  // Of the whole run.
  std::uint64_t all_completed() const noexcept { return completed_ + completed_outside_; }
  std::uint64_t all_failed() const noexcept { return request_errors_.total() + outside_errors_.total(); }
  std::uint64_t all_timeouts() const noexcept {
    return request_errors_[ErrorKind::kTimeout] + outside_errors_[ErrorKind::kTimeout];
  }
  // Requests whose replies came within the window, whenever they were due.
  std::uint64_t completed_in_window() const noexcept { return completed_in_window_; }
  // Requests of the window whose replies came after it; they are in its last second. Once it has finished.
  std::uint64_t completed_late() const noexcept { return completed_ - completed_by_close_.value_or(completed_); }
  // Requests that found no connection free when they were due.
  std::uint64_t queued_count() const noexcept { return queueing_.count() + queueing_.uncompleted(); }
  std::uint64_t failed_count() const noexcept { return failed_; }
  std::uint64_t unanswered_count() const noexcept { return unanswered_; }
  std::uint64_t outstanding() const noexcept { return sent_ - completed_ - failed_ - unanswered_; }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  std::uint64_t bytes_received() const noexcept { return bytes_received_; }
  TimePoint last_outcome() const noexcept { return last_outcome_; }
  const Histogram& response() const noexcept { return response_; }
  const Histogram& service() const noexcept { return separate_service_ ? service_ : response_; }
  const Histogram& connect() const noexcept { return connect_; }
  // Lateness of sends: time since the request was due and a connection was free. Caused by the generator.
  const Histogram& lateness() const noexcept { return lateness_; }
  // Sends later than the tolerance that would have met it without preemptions.
  std::uint64_t late_by_preemptions() const noexcept { return late_by_preemptions_; }
  // Wait of requests without a free connection when due, until one was free.
  const Histogram& queueing() const noexcept { return queueing_; }
  // Between one send of this thread and the next.
  const Histogram& gaps() const noexcept { return gaps_; }
  const ErrorCounts& request_errors() const noexcept { return request_errors_; }        // of the window
  const ErrorCounts& outside_errors() const noexcept { return outside_errors_; }        // of requests before the window
  const ErrorCounts& connection_errors() const noexcept { return connection_errors_; }  // of the whole run
  const SecondSeries& seconds() const noexcept { return seconds_; }

  ConnectionCounts connections;

 private:
  void record_schedule(TimePoint intended, TimePoint free_since, TimePoint at) noexcept {
    if (free_since > intended) {
      queueing_.record(free_since - intended);
    }
    const Nanoseconds lateness = at - std::max(free_since, intended);
    lateness_.record(lateness);
    if (lateness > tolerance_) [[unlikely]] {
      late_by_preemptions_ += lateness - preempted_ <= tolerance_ ? 1 : 0;
    }
    if (last_sent_ != TimePoint::min()) {
      gaps_.record(at - last_sent_);
    }
  }
  void move_window(TimePoint open) noexcept;
  void roll_to(TimePoint at) noexcept;
  void end_second() noexcept;
  void count_outcome(ErrorKind kind, std::uint64_t times) noexcept;
  void publish_errors() noexcept;

  Window window_;
  bool separate_service_;
  Nanoseconds tolerance_;
  Nanoseconds preempted_{0};
  std::uint64_t late_by_preemptions_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t completed_ = 0;
  std::uint64_t completed_outside_ = 0;
  std::uint64_t completed_in_window_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t unanswered_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  TimePoint last_outcome_{};
  TimePoint last_sent_{TimePoint::min()};
  TimePoint second_end_{TimePoint::max()};
  std::uint64_t second_failed_ = 0;
  Histogram second_histogram_;  // response times of the current second; added to response_ when it ends
  Histogram response_;
  Histogram service_;
  Histogram connect_;
  Histogram lateness_;
  Histogram queueing_;
  Histogram gaps_;
  ErrorCounts request_errors_;
  ErrorCounts outside_errors_;
  ErrorCounts connection_errors_;
  SecondSeries seconds_;
  std::optional<std::uint64_t> completed_by_close_;  // nullopt: the window is not over yet
  bool errors_to_publish_ = false;
  alignas(64) std::atomic<std::uint64_t> progress_completed_{0};
  std::atomic<std::uint64_t> progress_outside_{0};
  std::atomic<std::uint64_t> progress_failed_{0};
  std::atomic<std::uint64_t> progress_outside_failed_{0};
  std::atomic<std::uint64_t> progress_connections_{0};
  std::array<std::atomic<std::uint64_t>, kErrorKinds> progress_errors_{};
  std::atomic<bool> finished_{false};
};

// The outcomes of the requests of one class, within the window.
struct ClassRecord {
  std::uint64_t sent = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t unanswered = 0;
  Histogram response;

  void merge(const ClassRecord& other) noexcept;
};

// Records the classes of a mix for one thread. It numbers the requests of every connection as the protocol does, over
// all lives; the numbers determine the classes. Replies come in the order of requests. Filled by that thread, read by
// others after it has ended.
class ClassRecorder {
 public:
  // `mix` must outlive this. `first` is the number of the thread's first connection in the whole run.
  ClassRecorder(const protocols::RequestMix& mix, std::uint32_t first, std::uint32_t connections);

  // `connection` counts from the thread's first one, `in_flight_before` from the oldest. `counts`: within the window.
  // Returns whether the request asks the server to close the connection.
  bool sent(std::uint32_t connection, std::uint32_t in_flight_before, bool counts) noexcept {
    const std::size_t index = pick_class(connection, in_flight_before);
    records_[index].sent += counts ? 1 : 0;
    return mix_.closes(index);
  }
  // The oldest request in flight has its reply.
  void completed(std::uint32_t connection, Nanoseconds latency, bool counts) noexcept;
  // The oldest request in flight failed, or will not be answered.
  void failed(std::uint32_t connection, ErrorKind kind, bool counts) noexcept;
  // `times` requests of the window were due and never sent. Their classes are drawn as if a connection had sent them.
  void never_sent(std::uint64_t times) noexcept;

  // Ended requests of a connection over all its lives, modulo 2^32.
  std::uint32_t ended(std::uint32_t connection) const noexcept { return ended_[connection]; }
  const std::vector<ClassRecord>& records() const noexcept { return records_; }

 private:
  std::size_t pick_class(std::uint32_t connection, std::uint32_t place) const noexcept {
    return mix_.pick_class(first_ + connection, ended_[connection] + place);
  }
  ClassRecord& record(std::uint32_t connection, std::uint32_t place) noexcept {
    return records_[pick_class(connection, place)];
  }

  const protocols::RequestMix& mix_;
  const std::uint32_t first_;
  std::vector<std::uint32_t> ended_;
  std::vector<ClassRecord> records_;
};

}  // namespace fanin::load
