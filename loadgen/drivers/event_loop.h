#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "loadgen/drivers/busy_poll_meter.h"
#include "loadgen/drivers/dial.h"
#include "loadgen/drivers/load_thread.h"
#include "loadgen/drivers/lot.h"
#include "loadgen/drivers/waiting_bytes.h"
#include "loadgen/schedule/pacing.h"
#include "loadgen/schedule/ring.h"

namespace fanin::load {

// One event loop over many connections: their lives, the workload on them and what becomes of every request. How bytes
// and news travel is left to a driver, which derives from this (epoll, io_uring) and is told nothing about requests.
class EventLoop : public LoadThread {
 public:
  // When bytes leave that transmit() is given: each time at once, or with those of later calls, in one go, after which
  // the driver sets at_. What leaves together has one time, which is read once.
  enum class Transmit : std::uint8_t { kAtOnce, kQueued };

  // For how long bytes stay as they are that transmit() is given: until as many more requests have been made as the
  // driver has asked the protocol to keep, or until it returns.
  enum class Bytes : std::uint8_t { kLasting, kPassing };

  // Requests of a pipeline that leave together are no longer than this, or one, so that an interrupt is heeded.
  static constexpr std::size_t kMostAtOnce = std::size_t{1} << 20;

  // `plan` and `sources` must outlive this.
  EventLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources, Transmit transmit, LotSizes lots);

  void connect(const Coordinator& coordinator) final;
  void drive(const Window& window, const Coordinator& coordinator) final;
  void disconnect() noexcept final;
  const BusyPollMeter& spin() const noexcept final { return spin_; }
  std::uint64_t unserved() const noexcept final { return unserved_count_.load(std::memory_order_relaxed); }

 protected:
  using Phase = Link::Phase;

  // What a driver does. Called by the loop; none throws for trouble of one connection, which it reports by failed().
  virtual void start_io(int timer) = 0;  // watches the timer: timer_expired()
  virtual void stop_io() noexcept = 0;
  // A connect of this one is under way: news of it are connect_decided(). False, with errno, where it cannot be
  // watched.
  virtual bool watch(std::uint32_t index) = 0;
  // It is up: news are received(), end_of_stream() and failed() from now on.
  virtual void start_receiving(std::uint32_t index) = 0;
  // Sends bytes of a connection that is up and not busy. What it cannot send at once it keeps, by being busy until
  // sendable() and keep_waiting(), or by a copy of its own. all_sent() when they have left.
  virtual void transmit(std::uint32_t index, std::string_view bytes, Bytes kind) = 0;
  // Its descriptor is closed next: no news of this life may be reported after that.
  virtual void let_go(std::uint32_t index) noexcept = 0;
  // Reads the next piece, where reads_slowly() and the pause after the last one is over. A driver that cannot be told
  // when to read is not given such a plan.
  virtual void read_on(std::uint32_t) {}
  // Waits for news until `until` at most and reports them, calling dispatch() after each of them, or after each lot of
  // them if it queues what is sent. Returns how many there were.
  virtual int turn(TimePoint until) = 0;

  // What a driver reports.
  void timer_expired();
  void connect_decided(std::uint32_t index);
  // Returns whether the connection is still of use.
  bool received(std::uint32_t index, std::string_view bytes, TimePoint at);
  void end_of_stream(std::uint32_t index);
  void failed(std::uint32_t index, ErrorKind kind);
  void sendable(std::uint32_t index);
  void keep_waiting(std::uint32_t index, std::string_view bytes);        // after what waits already
  void keep_waiting_first(std::uint32_t index, std::string_view bytes);  // before it
  void all_sent(std::uint32_t index) noexcept;                           // of interest only where it half_closes()
  // Sends what may be sent. just_read: nothing but the handling of a reply was done since at_ was read; in a closed
  // loop, where a reply is what makes the next request due, that reading is the request's time too.
  void dispatch(bool just_read = false) {
    if (spins_ || workload_.may_send(at_) || workload_.retires()) {
      send_due(just_read);
    }
  }
  // Of a driver that queues what is sent: the connection's next request, if it is its turn, where nothing is to be
  // gained by another look at the clock. That of the replies is then the time of the requests too, which makes the
  // handling of the lot a part of their latencies.
  [[gnu::always_inline]] void go_on(std::uint32_t index) {
    if (goes_on_ && workload_.next_on(index, at_)) [[likely]] {
      begin_request(index);
    }
  }
  // What the driver's sizes come to in this run.
  std::size_t lot() const noexcept { return lot_; }
  // Sets at_. Whatever is done for requests reads the clock by this, so that a stall shows. `replies`: that have come,
  // and were not reported yet, at most.
  void read_clock(std::size_t replies = 0) noexcept {
    at_ = now();
    if (spins()) {
      look_for_a_stall(replies);
    }
  }

  // What news carry to name a connection in its present life, and whose they are; none if that life has ended.
  static std::uint64_t tag_of(std::uint32_t index, const Link& link) noexcept {
    return std::uint64_t{link.life} << 32 | index;
  }
  std::uint64_t tag_of(std::uint32_t index) const noexcept { return tag_of(index, link(index)); }
  bool lives(std::uint64_t tag) const noexcept {
    const Link& link = this->link(static_cast<std::uint32_t>(tag));
    return link.life == static_cast<std::uint16_t>(tag >> 32) && link.phase != Phase::kDown;
  }
  // Brings what is known of a connection into the cache. To be called for all of a lot before the first is handled: so
  // the processor waits for all of them at once. It reads, since prefetching was found to bring nothing.
  void touch(std::uint32_t index) const noexcept {
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
  // A loop that spins looks for news without waiting; one that keeps no schedule needs no limit to its waits but ticks.
  bool spins() const noexcept { return driving_ && spins_; }
  bool timed() const noexcept { return driving_ && timed_; }
  // Timeouts, interrupts and the like wait to be looked at.
  bool tick_is_due() const noexcept { return at_ >= next_tick_; }
  bool half_closes() const noexcept { return half_closes_; }
  bool reads_slowly(std::uint32_t index) const noexcept {
    return reads_.active() && !is_idle(index) && link(index).phase != Phase::kSetup;
  }
  Pacer& reads() noexcept { return reads_; }

  static constexpr std::uint64_t kTimerTag = ~std::uint64_t{0};  // no connection's

  TimePoint at_{};  // latest time known

 private:
  // Of an idle connection until it idles, and of any until its set-up is done.
  struct Newcomer {
    ClientState state;
    TimePoint since;  // of the connect
  };

  ClientState& state(std::uint32_t index) noexcept {
    return is_idle(index) ? newcomers_[index].state : workload_.record(index).state;
  }
  TimePoint& since(std::uint32_t index) noexcept { return is_idle(index) ? newcomers_[index].since : since_[index]; }

  // Until `look` there is nothing to do but to answer replies.
  bool only_replies_until(TimePoint look) const noexcept {
    return at_ < look && !timed_ && !spins_ && !slices_ && !opens_left() && !workload_.all_sent(at_);
  }

  // event_loop.cc: the traffic.
  void send_due(bool just_read);
  TimePoint next_look() const noexcept;
  void start_timer(TimePoint first);
  void look();
  bool received_idle(std::uint32_t index, std::string_view bytes);
  bool received_besides(std::uint32_t index, std::string_view bytes);
  void begin_request(std::uint32_t index);
  void send(std::uint32_t index, std::string_view bytes, Bytes kind);
  void rest() noexcept;
  void look_for_a_stall(std::size_t replies) noexcept;
  TimePoint next_due() noexcept;
  bool drained() const noexcept;

  // event_loop_slow.cc: being slow on purpose.
  void send_slowly(std::uint32_t index, std::string_view bytes);
  void send_piece(std::uint32_t index);
  void keep_pace();
  void trickle();

  // event_loop_connections.cc: opening, proving, breaking, closing, trying again.
  bool opens_left() const noexcept { return next_to_open_ < share_.connections + share_.idle || !to_open_.empty(); }
  void pump_opens();
  void open(std::uint32_t index);
  void came_up(std::uint32_t index);
  void send_setup(std::uint32_t index);
  bool received_setup(std::uint32_t index, std::string_view bytes);
  void setup_failed(std::uint32_t index);
  void established(std::uint32_t index);
  void came_up_idle(std::uint32_t index);
  void connect_failed(std::uint32_t index, int error);
  void break_link(std::uint32_t index, ErrorKind kind);
  void break_idle(std::uint32_t index, ErrorKind kind);
  void recycle(std::uint32_t index, ErrorKind unanswered);
  void renew(std::uint32_t index);
  bool may_be_closed(std::uint32_t index) const noexcept;
  void close_link(std::uint32_t index) noexcept;
  void publish() noexcept;

  // event_loop_ticks.cc: what is looked for every 10 ms.
  void tick(const Coordinator& coordinator);
  void sweep_timeouts();
  void sweep_newcomers();
  void sweep_unserved() noexcept;
  void retry_due();
  void give_up_without_progress();

  const SourceAddresses& sources_;
  const bool queues_sends_;
  ClientProtocol& protocol_;
  ConnectionSetup* const setup_;  // null: connections are of use as soon as they are up
  const bool timed_;              // wakes up for the schedule or for pauses, so that waits need an end of their own
  const bool spins_;
  const bool goes_on_;  // a closed loop, which has no time to keep
  const std::size_t lot_;
  const bool half_closes_;
  const Nanoseconds tick_;  // about kTick
  BusyPollMeter spin_;
  std::uint64_t handled_ = 0;  // of the workload, when spin_ was told last
  Descriptor timer_;
  std::vector<Link> idle_links_;  // counted on after the active ones, which the workload has
  std::vector<TimePoint> since_;  // of the connect of an active one, or of the wait for the server to close
  std::unordered_map<std::uint32_t, Newcomer> newcomers_;  // idle ones connecting or being proved; in their set-up
  std::string request_;
  std::unordered_map<std::uint32_t, WaitingBytes> waiting_;
  Pacer sends_;
  Pacer reads_;
  Trickle trickle_;
  const bool paced_;
  const bool one_by_one_;            // no pipeline and no paced sends
  std::vector<std::string> unsent_;  // of active connections, where sends are paced
  std::string piece_;                // of them, or of what waits, that is being sent
  TimePoint next_tick_{};

  std::uint32_t next_to_open_ = 0;  // never opened so far: this one and all after it
  Ring<std::uint32_t> to_open_;     // opened anew
  struct Retry {
    TimePoint due;
    std::uint32_t index;
  };
  Ring<Retry> retries_;
  std::uint32_t connecting_ = 0;  // those in their set-up or being proved included
  std::uint32_t up_ = 0;          // active ones
  bool driving_ = false;
  bool interrupted_ = false;
  std::size_t sweep_at_ = 0;
  std::vector<std::uint32_t> unserved_;  // active ones that came up and have had no reply; until the window opens
  std::size_t unserved_at_ = 0;          // the one that is looked at next
  std::atomic<std::uint64_t> unserved_count_{0};
  std::uint64_t progress_ = 0;
  TimePoint progress_at_{};
};

[[gnu::always_inline]] inline bool EventLoop::received(std::uint32_t index, std::string_view bytes, TimePoint at) {
  if (is_idle(index)) {
    return received_idle(index, bytes);
  }
  if (link(index).phase != Phase::kUp) {
    return received_besides(index, bytes);
  }
  if (recorder_.counts(at)) {
    recorder_.bytes_received(bytes.size());
  }
  const ReplyOutcome outcome = take_replies(index, workload_.record(index).state, bytes, at);
  if (outcome.mismatch) {
    keep_mismatch(protocol_, workload_.record(index).state, bytes, outcome, at);
    break_link(index, error_of(outcome.fault));
  } else if (outcome.closes) {
    recycle(index, ErrorKind::kClosedEarly);
  }
  return link(index).connected();
}

[[gnu::always_inline]] inline void EventLoop::send(std::uint32_t index, std::string_view bytes, Bytes kind) {
  if (recorder_.counts(at_)) {
    recorder_.bytes_sent(bytes.size());
  }
  if (link(index).busy) {
    keep_waiting(index, bytes);
  } else {
    transmit(index, bytes, kind);
  }
}

[[gnu::always_inline]] inline void EventLoop::begin_request(std::uint32_t index) {
  if (link(index).phase == Phase::kDown) {
    open(index);  // on demand; the request follows when the connection is up
    return;
  }
  ClientState& state = workload_.record(index).state;
  if (one_by_one_) [[likely]] {
    send(index, protocol_.next_request(state), Bytes::kLasting);
    return;
  }
  request_.clear();
  do {
    protocol_.append_request(state, request_);
  } while (request_.size() < kMostAtOnce && workload_.next_on(index, at_));
  sends_.active() ? send_slowly(index, request_) : send(index, request_, Bytes::kPassing);
}

}  // namespace fanin::load
