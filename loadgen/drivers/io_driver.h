#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "loadgen/plan/plan.h"

namespace fanin::load {

// Limits how many replies a driver takes before it sends the requests that they make due.
struct BatchLimits {
  std::size_t min;
  std::size_t max;
  std::uint32_t fraction;  // between min and max: one in so many of the connections
};

// The batch size of a thread with `connections` active ones. Batches keep the kernel's receive and send code in the
// caches. A batch of only a fraction of the connections leaves requests for the server to work on. A run with a rate
// uses the minimum because it keeps its schedule request by request; a loop that spins does so because it tells
// preemptions from work by reading the clock at each request.
inline std::size_t choose_batch_size(const LoadPlan& plan, std::uint32_t connections, BatchLimits limits) noexcept {
  if (plan.rate_per_s || plan.idle_strategy.kind == IdleStrategy::kSpin) {
    return limits.min;
  }
  return std::clamp<std::size_t>(connections / limits.fraction, limits.min, limits.max);
}

// Maximum bytes of pipelined requests in one send, or one request, so that an interrupt is noticed.
inline constexpr std::size_t kMaxSendBytes = std::size_t{1} << 20;

// How long the bytes given to transmit() stay valid: until the protocol reuses their request slot (see
// ClientProtocol::set_request_slots), or until transmit() returns.
enum class Lifetime : std::uint8_t { kStable, kTransient };

// Moves the bytes of the connections of one event loop, and knows nothing of requests. Owned by the EventLoop to which
// it reports events; used by the loop's thread. An error of one connection is reported, never thrown.
class IoDriver {
 public:
  virtual ~IoDriver() = default;
  IoDriver(const IoDriver&) = delete;
  IoDriver& operator=(const IoDriver&) = delete;

  // Watches the timer too, and calls LoopClock::timer_expired().
  virtual void start(int timer) = 0;
  virtual void stop() noexcept = 0;
  // Watches a connect in progress and reports connect_completed(). Returns false, with errno, if it cannot.
  virtual bool watch(std::uint32_t index) = 0;
  // The connection is up: reports received(), end_of_stream() and failed() from now on.
  virtual void start_receiving(std::uint32_t index) = 0;
  // Sends bytes on a connection that is up and not busy. If the socket does not take all, marks the link busy, puts the
  // rest into the outbox, and calls Outbox::sendable() later. Calls Outbox::all_sent() at the end.
  virtual void transmit(std::uint32_t index, std::string_view bytes, Lifetime lifetime) = 0;
  // The descriptor is closed next: reports no more events of this life.
  virtual void detach(std::uint32_t index) noexcept = 0;
  // Waits for events until `until` at most and reports them. Calls dispatch() after each batch. Returns the number of
  // events.
  virtual int poll_once(TimePoint until) = 0;

  // Whether sends leave with the next poll_once(), not within transmit(). All requests of a batch then have one send
  // time.
  bool queues_sends() const noexcept { return queues_sends_; }
  // The limits of the driver as chosen for this run.
  std::size_t batch_size() const noexcept { return batch_size_; }

 protected:
  IoDriver(bool queues_sends, std::size_t batch_size) : queues_sends_(queues_sends), batch_size_(batch_size) {}

 private:
  const bool queues_sends_;
  const std::size_t batch_size_;
};

}  // namespace fanin::load
