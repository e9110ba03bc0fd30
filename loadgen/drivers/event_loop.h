#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "loadgen/drivers/connections.h"
#include "loadgen/drivers/load_thread.h"
#include "loadgen/drivers/requests.h"

namespace fanin::load {

// Looks at every tick for what no event reports: timeouts, first replies, and a server that is gone. Owned by the
// EventLoop; one thread, but any thread may call unserved().
class ConnectionSweep {
 public:
  // All arguments must outlive this.
  ConnectionSweep(const LoopContext& context, const LinkTable& links, const LoopClock& clock, Connections& connections);

  // Breaks the connections that are late. Checks a part of the active ones per call, so that a million do not stop the
  // loop. A full round takes 1/20 of the timeout, at most 250 ms.
  void sweep_timeouts();
  // All connections are up or have failed: watches for the first replies of those that are up.
  void start_unserved();
  // Finds the connections that have had their first reply, which spares the request path a check. Not needed once the
  // window is open.
  void sweep_unserved() noexcept;
  std::uint64_t unserved() const noexcept { return unserved_count_.load(std::memory_order_relaxed); }
  // Whether a run with a number of requests has made no progress for the timeout. Call it before sweep_timeouts(),
  // which breaks connections that were up.
  bool gives_up() noexcept;

 private:
  const LoadPlan& plan_;
  const Workload& workload_;
  const Recorder& recorder_;
  const LinkTable& links_;
  const LoopClock& clock_;
  Connections& connections_;
  std::uint32_t next_ = 0;
  std::vector<std::uint32_t> unserved_;  // active connections without a reply so far; until the window opens
  std::size_t unserved_next_ = 0;        // index of the next to check
  std::atomic<std::uint64_t> unserved_count_{0};
  std::uint64_t progress_ = 0;
  TimePoint progress_at_ = TimePoint::max();  // max: the traffic has not begun
};

// One event loop over many connections. It owns the parts that open connections, send requests and keep time, runs the
// phases of the thread, and passes to these parts what its driver (epoll, io_uring) reports.
class EventLoop final : public LoadThread {
 public:
  // `plan` and `sources` must outlive this.
  EventLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources, DriverKind kind);

  void connect(const Coordinator& coordinator) override;
  void drive(const Window& window, const Coordinator& coordinator) override;
  void disconnect() noexcept override;
  const BusyPollMeter& spin() const noexcept override { return clock_.meter(); }
  std::uint64_t unserved() const noexcept override { return sweep_.unserved(); }
  const StampRecords* stamps() const noexcept override { return stamps_ ? &stamps_->records() : nullptr; }

  // Called by the driver.
  void connect_completed(std::uint32_t index);
  // Returns whether the connection is still up.
  bool received(std::uint32_t index, std::string_view bytes, TimePoint at);
  void end_of_stream(std::uint32_t index);
  void failed(std::uint32_t index, ErrorKind kind) { connections_.failed(index, kind); }

  // The parts that the driver works on.
  LinkTable& links() noexcept { return links_; }
  LoopClock& clock() noexcept { return clock_; }
  Outbox& outbox() noexcept { return outbox_; }
  Requests& requests() noexcept { return requests_; }

 private:
  void usable(std::uint32_t index);
  bool received_without_request(std::uint32_t index, std::string_view bytes);
  void poll_until_check();
  void drain_events();
  void tick(const Coordinator& coordinator);
  void publish() noexcept;
  bool only_replies_until(TimePoint check) const noexcept;
  bool grace_is_over() const noexcept;
  void end_close_waits();

  std::unique_ptr<KernelStamps> stamps_;  // of active connections; null without --timestamps
  std::unique_ptr<IoDriver> io_;
  LoopClock clock_;
  LinkTable links_;
  Outbox outbox_;
  Connections connections_;
  Requests requests_;
  ConnectionSweep sweep_;
  IdleTrickle trickle_;
  bool interrupted_ = false;
};

[[gnu::always_inline]] inline bool EventLoop::received(std::uint32_t index, std::string_view bytes, TimePoint at) {
  if (links_.is_idle(index) || links_[index].phase != Link::Phase::kUp) {
    return received_without_request(index, bytes);
  }
  if (recorder_.counts(at)) {
    recorder_.bytes_received(bytes.size());
  }
  ConnectionRecord& record = workload_.record(index);
  const protocols::ReplyOutcome outcome = take_replies(index, record.state, bytes, at);
  if (outcome.mismatch) {
    faults_.keep_mismatch(*client_, record.state, bytes, outcome, at);
    connections_.break_active(index, classify_fault(outcome.fault));
  } else if (outcome.closes) {
    connections_.recycle(index, ErrorKind::kClosedEarly);
  }
  return record.link.connected();
}

}  // namespace fanin::load
