#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "loadgen/drivers/batch_limits.h"
#include "loadgen/drivers/busy_poll_meter.h"
#include "loadgen/drivers/connect.h"
#include "loadgen/drivers/load_thread.h"
#include "loadgen/drivers/waiting_bytes.h"
#include "loadgen/schedule/pacing.h"
#include "loadgen/schedule/ring.h"

namespace fanin::load {

// One event loop over many connections: it opens and closes them, applies the workload and accounts for every request.
// The I/O driver derives from this (epoll, io_uring); it moves bytes and reports events, and knows nothing of requests.
class EventLoop : public LoadThread {
 public:
  // When transmit() sends: at once, or batched with later calls. After a batch the driver sets now_; all requests of a
  // batch share one send time.
  enum class Transmit : std::uint8_t { kImmediate, kQueued };

  // How long the bytes given to transmit() stay valid: until the protocol reuses their request slot (see
  // ClientProtocol::set_request_slots), or until transmit() returns.
  enum class Lifetime : std::uint8_t { kStable, kTransient };

  // Maximum bytes of pipelined requests in one send, or one request, so that an interrupt is noticed.
  static constexpr std::size_t kMaxSendBytes = std::size_t{1} << 20;

  // `plan` and `sources` must outlive this.
  EventLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources, Transmit transmit,
            BatchLimits limits);

  void connect(const Coordinator& coordinator) final;
  void drive(const Window& window, const Coordinator& coordinator) final;
  void disconnect() noexcept final;
  const BusyPollMeter& spin() const noexcept final { return spin_; }
  std::uint64_t unserved() const noexcept final { return unserved_count_.load(std::memory_order_relaxed); }

 protected:
  using Phase = Link::Phase;

  // The driver's half, called by the loop. An error of one connection is reported by failed(), never thrown.
  virtual void start_io(int timer) = 0;  // watches the timer and reports timer_expired()
  virtual void stop_io() noexcept = 0;
  // Watches a connect in progress and reports connect_completed(). Returns false, with errno, if it cannot.
  virtual bool watch(std::uint32_t index) = 0;
  // The connection is up: the driver reports received(), end_of_stream() and failed() from now on.
  virtual void start_receiving(std::uint32_t index) = 0;
  // Sends bytes on a connection that is up and not busy. Bytes that the socket does not take are kept: the link is
  // marked busy until sendable(), and they go to keep_waiting() or into a copy. Reports all_sent() when done.
  virtual void transmit(std::uint32_t index, std::string_view bytes, Lifetime lifetime) = 0;
  // The descriptor is closed next: the driver must report no more events of this life.
  virtual void detach(std::uint32_t index) noexcept = 0;
  // Reads the next piece of a slow reader (reads_slowly()) after its pause. Plans with slow readers need a driver that
  // implements this.
  virtual void read_on(std::uint32_t) {}
  // Waits for events until `until` at most and reports them. Calls dispatch() after each event, or after each batch if
  // the driver queues sends. Returns the number of events.
  virtual int poll_once(TimePoint until) = 0;

  // What the driver reports.
  void timer_expired();
  void connect_completed(std::uint32_t index);
  // Returns whether the connection is still of use.
  bool received(std::uint32_t index, std::string_view bytes, TimePoint at);
  void end_of_stream(std::uint32_t index);
  void failed(std::uint32_t index, ErrorKind kind);
  void sendable(std::uint32_t index);
  void keep_waiting(std::uint32_t index, std::string_view bytes);        // after what waits already
  void keep_waiting_first(std::uint32_t index, std::string_view bytes);  // before it
  void all_sent(std::uint32_t index) noexcept;                           // of interest only where it half_closes()
  // Sends the requests that are due. just_read: only a reply was handled since now_ was read. In a closed loop the
  // reply makes the next request due, so that reading is also the request's send time.
  void dispatch(bool just_read = false) {
    if (spins_ || workload_.may_send(now_) || workload_.retires()) {
      send_due(just_read);
    }
  }
  // For drivers that queue sends: begins the connection's next request, if it is due, without reading the clock again.
  // The requests get the receive time of their batch, so their latencies include the handling of the batch.
  [[gnu::always_inline]] void resume(std::uint32_t index) {
    if (resumes_ && workload_.next_on(index, now_)) [[likely]] {
      begin_request(index);
    }
  }
  // What the driver's limits give for this run.
  std::size_t batch_size() const noexcept { return batch_size_; }
  // Sets now_. All work for requests must read the clock by this, so that preemptions are detected. `replies`: upper
  // bound of the replies that have come and are not reported yet.
  void read_clock(std::size_t replies = 0) noexcept {
    now_ = now();
    if (spins()) {
      detect_preemption(replies);
    }
  }

  // Events carry a tag that names a connection and its current life. is_current(): that life has not ended.
  static std::uint64_t make_tag(std::uint32_t index, const Link& link) noexcept {
    return std::uint64_t{link.life} << 32 | index;
  }
  std::uint64_t make_tag(std::uint32_t index) const noexcept { return make_tag(index, link(index)); }
  bool is_current(std::uint64_t tag) const noexcept {
    const Link& link = this->link(static_cast<std::uint32_t>(tag));
    return link.life == static_cast<std::uint16_t>(tag >> 32) && link.phase != Phase::kDown;
  }
  // Loads a connection's record into the cache. Call it for a whole batch before the first is handled, so that the
  // misses overlap. It reads the record, since a prefetch instruction gained nothing.
  void prefetch(std::uint32_t index) const noexcept {
    if (!is_idle(index)) {
      const volatile Link& link = workload_.record(index).link;
      [[maybe_unused]] const std::uint16_t life = link.life;
    }
  }
  const Link& link(std::uint32_t index) const noexcept {
    return is_idle(index) ? idle_links_[index - share_.connections] : workload_.record(index).link;
  }
  Link& link(std::uint32_t index) noexcept { return const_cast<Link&>(std::as_const(*this).link(index)); }
  bool is_idle(std::uint32_t index) const noexcept { return index >= share_.connections; }
  // spins(): polls without waiting. timed(): waits need a timeout besides the tick timer.
  bool spins() const noexcept { return driving_ && spins_; }
  bool timed() const noexcept { return driving_ && timed_; }
  // Time to check timeouts, interrupts and the like.
  bool tick_is_due() const noexcept { return now_ >= next_tick_; }
  bool half_closes() const noexcept { return half_closes_; }
  bool reads_slowly(std::uint32_t index) const noexcept {
    return reads_.active() && !is_idle(index) && link(index).phase != Phase::kSetup;
  }
  Pacer& reads() noexcept { return reads_; }

  static constexpr std::uint64_t kTimerTag = ~std::uint64_t{0};  // no connection's

  TimePoint now_{};  // latest time known

 private:
  // State of an idle connection until it idles, and of any connection during its set-up.
  struct PendingConnection {
    ClientState state;
    TimePoint since;  // of the connect
  };

  ClientState& state(std::uint32_t index) noexcept {
    return is_idle(index) ? pending_[index].state : workload_.record(index).state;
  }
  TimePoint& since(std::uint32_t index) noexcept { return is_idle(index) ? pending_[index].since : since_[index]; }

  // Until `look` there is nothing to do but handle replies.
  bool only_replies_until(TimePoint look) const noexcept {
    return now_ < look && !timed_ && !spins_ && !slices_ && !opens_left() && !workload_.all_sent(now_);
  }

  // event_loop.cc: the traffic.
  void send_due(bool just_read);
  TimePoint next_check() const noexcept;
  void start_timer(TimePoint first);
  void drain_events();
  bool received_idle(std::uint32_t index, std::string_view bytes);
  bool received_unrequested(std::uint32_t index, std::string_view bytes);
  void begin_request(std::uint32_t index);
  void send(std::uint32_t index, std::string_view bytes, Lifetime lifetime);
  void count_idle_poll() noexcept;
  void detect_preemption(std::size_t replies) noexcept;
  TimePoint next_due() noexcept;
  bool drained() const noexcept;

  // event_loop_slow.cc: slow senders, slow readers and trickling connections.
  void send_slowly(std::uint32_t index, std::string_view bytes);
  void send_piece(std::uint32_t index);
  void keep_pace();
  void trickle();

  // event_loop_connections.cc: opening, set-up, breaking, closing, retries.
  bool opens_left() const noexcept { return next_to_open_ < share_.connections + share_.idle || !to_open_.empty(); }
  void pump_opens();
  void open(std::uint32_t index);
  void on_connected(std::uint32_t index);
  void send_setup(std::uint32_t index);
  bool received_setup(std::uint32_t index, std::string_view bytes);
  void setup_failed(std::uint32_t index);
  void established(std::uint32_t index);
  void on_idle_connected(std::uint32_t index);
  void connect_failed(std::uint32_t index, int error);
  void break_link(std::uint32_t index, ErrorKind kind);
  void break_idle(std::uint32_t index, ErrorKind kind);
  void recycle(std::uint32_t index, ErrorKind unanswered);
  void renew(std::uint32_t index);
  bool may_be_closed(std::uint32_t index) const noexcept;
  void close_link(std::uint32_t index) noexcept;
  void publish() noexcept;

  // event_loop_ticks.cc: checks made every 10 ms.
  void tick(const Coordinator& coordinator);
  void sweep_timeouts();
  void sweep_pending();
  void sweep_unserved() noexcept;
  void retry_due();
  void give_up_without_progress();

  const SourceAddresses& sources_;
  const bool queues_sends_;
  ClientProtocol& protocol_;
  ConnectionSetup* const setup_;  // null: connections are usable as soon as they are up
  const bool timed_;              // a schedule or pauses: waits need a timeout
  const bool spins_;
  const bool resumes_;  // a closed loop without spinning: see resume()
  const std::size_t batch_size_;
  const bool half_closes_;
  const Nanoseconds tick_;  // about kTick
  BusyPollMeter spin_;
  std::uint64_t handled_ = 0;  // requests handled when spin_ was updated last
  Descriptor timer_;
  std::vector<Link> idle_links_;  // numbered after the active ones, whose links the workload owns
  std::vector<TimePoint> since_;  // active ones: start of the connect, or of the wait for the server to close
  std::unordered_map<std::uint32_t, PendingConnection> pending_;
  std::string request_;
  std::unordered_map<std::uint32_t, WaitingBytes> waiting_;
  Pacer sends_;
  Pacer reads_;
  Trickle trickle_;
  const bool paced_;
  const bool one_by_one_;            // no pipeline, no paced sends
  std::vector<std::string> unsent_;  // of active connections, where sends are paced
  std::string piece_;                // the piece being sent
  TimePoint next_tick_{};

  std::uint32_t next_to_open_ = 0;  // this one and all after it were never opened
  Ring<std::uint32_t> to_open_;     // to be reopened
  struct Retry {
    TimePoint due;
    std::uint32_t index;
  };
  Ring<Retry> retries_;
  std::uint32_t connecting_ = 0;  // includes those in set-up or being verified
  std::uint32_t up_ = 0;          // active connections
  bool driving_ = false;
  bool interrupted_ = false;
  std::size_t sweep_at_ = 0;
  std::vector<std::uint32_t> unserved_;  // active ones without a reply so far; until the window opens
  std::size_t unserved_at_ = 0;          // index of the next to check
  std::atomic<std::uint64_t> unserved_count_{0};
  std::uint64_t progress_ = 0;
  TimePoint progress_at_{};
};

[[gnu::always_inline]] inline bool EventLoop::received(std::uint32_t index, std::string_view bytes, TimePoint at) {
  if (is_idle(index)) {
    return received_idle(index, bytes);
  }
  if (link(index).phase != Phase::kUp) {
    return received_unrequested(index, bytes);
  }
  if (recorder_.counts(at)) {
    recorder_.bytes_received(bytes.size());
  }
  const ReplyOutcome outcome = take_replies(index, workload_.record(index).state, bytes, at);
  if (outcome.mismatch) {
    keep_mismatch(protocol_, workload_.record(index).state, bytes, outcome, at);
    break_link(index, classify_fault(outcome.fault));
  } else if (outcome.closes) {
    recycle(index, ErrorKind::kClosedEarly);
  }
  return link(index).connected();
}

[[gnu::always_inline]] inline void EventLoop::send(std::uint32_t index, std::string_view bytes, Lifetime lifetime) {
  if (recorder_.counts(now_)) {
    recorder_.bytes_sent(bytes.size());
  }
  if (link(index).busy) {
    keep_waiting(index, bytes);
  } else {
    transmit(index, bytes, lifetime);
  }
}

[[gnu::always_inline]] inline void EventLoop::begin_request(std::uint32_t index) {
  if (link(index).phase == Phase::kDown) {
    open(index);  // on demand; the request follows when the connection is up
    return;
  }
  ClientState& state = workload_.record(index).state;
  if (one_by_one_) [[likely]] {
    send(index, protocol_.next_request(state), Lifetime::kStable);
    return;
  }
  request_.clear();
  do {
    protocol_.append_request(state, request_);
  } while (request_.size() < kMaxSendBytes && workload_.next_on(index, now_));
  sends_.active() ? send_slowly(index, request_) : send(index, request_, Lifetime::kTransient);
}

}  // namespace fanin::load
