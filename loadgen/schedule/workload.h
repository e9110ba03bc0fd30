#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loadgen/records/class_recorder.h"
#include "loadgen/records/recorder.h"
#include "loadgen/schedule/arrival.h"
#include "loadgen/schedule/ring.h"
#include "loadgen/schedule/slices.h"
#include "net/clock.h"

namespace fanin {

// What one thread is to ask of its connections.
struct WorkloadPlan {
  std::uint32_t connections = 1;              // active ones of this thread
  std::uint32_t depth = 1;                    // requests in flight per connection, 1 to 65535
  Nanoseconds think{0};                       // closed loop: from a reply to the next request in its place
  std::uint32_t requests_per_connection = 0;  // 0: no limit
  bool connect_on_demand = false;             // a request makes its own connection
  std::optional<std::uint64_t> requests;      // ends the window by count
};

// Decides which connection sends when, and accounts for what becomes of every request. No I/O and no clock: the driver
// says what happened and when. Closed loop without a schedule, open loop with one. Used by one thread.
//
// A connection has `depth` slots. A free slot waits in a queue, so the next request goes to the connection that has
// been free for the longest; where none is free when the schedule says so, the request waits, and its latency still
// counts from its intended time. Every slot knows since when it is free: what a request waits after that is the
// generator's own lateness, what it waits before is the server's doing.
class Workload {
 public:
  // `recorder`, `slices` and `classes` must outlive this. With slices (closed loop), requests are sent in those alone;
  // with classes, what becomes of each request is recorded there too.
  Workload(const WorkloadPlan& plan, std::optional<Schedule> schedule, Recorder& recorder, Slices* slices = nullptr,
           ClassRecorder* classes = nullptr);

  // Traffic may begin: nothing is handed out before. Connections that are up or made on demand have been announced with
  // usable() before, or are later.
  void start(const Window& window);

  // The connection may send from `at` on; for one that was in use before, its life starts anew. Before the traffic
  // begins the time does not matter.
  void usable(std::uint32_t connection, TimePoint at = TimePoint::min()) noexcept;
  // The connection is gone: its requests in flight end with `kind`, its slots wait for usable().
  void unusable(std::uint32_t connection, TimePoint at, ErrorKind kind) noexcept;
  // `count` replies have come, to the oldest requests in flight. Returns how many of them there were in flight.
  std::uint32_t replied(std::uint32_t connection, std::uint32_t count, TimePoint at) noexcept;

  // A reply to the oldest request in flight that makes it fail with `kind`; the connection stays in use.
  void refused(std::uint32_t connection, ErrorKind kind, TimePoint at) noexcept;

  struct Turn {
    std::uint32_t connection;
    TimePoint intended;
  };
  // Whether next(at) would hand out a request; spares reading the clock just to learn that it would not.
  bool may_send(TimePoint at) noexcept;
  // Hands out the next request that is due and counts it as sent at `at`.
  std::optional<Turn> next(TimePoint at) noexcept;
  // As next(), but only if it is this connection's turn: so that pipelined requests can share one system call.
  bool next_on(std::uint32_t connection, TimePoint at) noexcept;
  // Corrects the time of the newest request of a connection that had to be opened first.
  void sent_late(std::uint32_t connection, TimePoint at) noexcept;

  // Puts back into the queue what has thought long enough.
  void wake(TimePoint at) noexcept;
  // Earliest time at which there may be something to do without anything coming in; max if there is none.
  TimePoint next_due() noexcept;
  // A connection that has made its number of requests and is to be closed and opened anew.
  std::optional<std::uint32_t> retired() noexcept {
    return retired_.empty() ? std::nullopt : std::optional(retired_.pop());
  }

  std::uint32_t in_flight(std::uint32_t connection) const noexcept { return lanes_[connection].in_flight; }
  // When the oldest request in flight was sent; precondition: there is one.
  TimePoint oldest_sent(std::uint32_t connection) const noexcept { return slot(connection, 0).since; }
  // Requests of all lives of a connection that have ended, modulo 2^32; 0 where there are no classes, which alone make
  // it matter.
  std::uint32_t ended(std::uint32_t connection) const noexcept {
    return classes_ != nullptr ? classes_->ended(connection) : 0;
  }
  // Requests sent and replies that came, of the whole run: grows with every one.
  std::uint64_t handled() const noexcept { return handled_; }
  // Replies to requests of the window.
  std::uint32_t replies(std::uint32_t connection) const noexcept { return lanes_[connection].replies; }

  // No more requests will be handed out.
  bool all_sent(TimePoint at) const noexcept;
  // No more requests will be handed out and all of the window have been accounted for.
  bool finished(TimePoint at) const noexcept { return all_sent(at) && recorder_.outstanding() == 0; }
  // Ends the window at `at` (an interrupt), if it is open for longer; what was sent at this very time still belongs to
  // it.
  void close_at(TimePoint at) noexcept { recorder_.close_at(at + Nanoseconds(1)); }
  // Accounts for all that is still open: in flight, or due and never sent.
  void abandon(TimePoint at) noexcept;

 private:
  // A lane's slots are a ring: those in flight, oldest first, then those that are free, then those that think.
  struct Slot {
    TimePoint intended;
    TimePoint since;  // in flight: when it was sent; free: when it came free
  };
  // Invariant: queued + thinking + in_flight <= depth. Kept small, there may be a million.
  struct Lane {
    std::uint32_t replies = 0;
    std::uint32_t used = 0;  // requests sent in this life
    std::uint16_t in_flight = 0;
    std::uint16_t head = 0;  // slot of the oldest in flight
    std::uint16_t queued = 0;
    std::uint16_t stale = 0;  // entries in the queue left from before it became unusable
    std::uint16_t thinking = 0;
    bool usable = false;
  };
  struct Pause {
    TimePoint until;
    std::uint32_t connection;
  };

  Slot& slot(std::uint32_t connection, std::uint32_t place) noexcept;
  const Slot& slot(std::uint32_t connection, std::uint32_t place) const noexcept;
  TimePoint scheduled() const noexcept { return recorder_.window().start + schedule_->next(); }
  bool count_reached() const noexcept { return plan_.requests && recorder_.sent_count() >= *plan_.requests; }
  void fail(std::uint32_t connection, std::uint32_t place, TimePoint at, ErrorKind kind) noexcept;
  // Those of every request are inline: as calls they would cost as much again as what they do.
  inline void end_oldest(std::uint32_t connection, TimePoint at) noexcept;
  inline void free_slot(std::uint32_t connection, TimePoint at) noexcept;
  inline void skip_stale() noexcept;
  inline void take(std::uint32_t connection, TimePoint intended, TimePoint at) noexcept;
  void count_unsent(TimePoint at, std::uint64_t free_slots) noexcept;

  WorkloadPlan plan_;
  std::optional<Schedule> schedule_;
  Recorder& recorder_;
  Slices* slices_;
  ClassRecorder* classes_;
  bool started_ = false;
  std::vector<Lane> lanes_;
  std::vector<Slot> slots_;   // depth per connection, a ring each
  Ring<std::uint32_t> free_;  // connections with a free slot, once per slot, longest free first
  Ring<Pause> thinking_;      // all pauses are equally long, so a queue keeps them in order of their ends
  std::uint64_t handled_ = 0;
  Ring<std::uint32_t> retired_;  // each at most once
};

}  // namespace fanin
