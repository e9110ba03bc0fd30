#pragma once

#include <atomic>
#include <vector>

#include "loadgen/drivers/connections.h"

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

}  // namespace fanin::load
