#pragma once

#include <string>
#include <utility>

#include "loadgen/drivers/connections.h"

namespace fanin::load {

// Sends the requests of an event loop when the workload has them due. Owned by the EventLoop; one thread. `io` is the
// loop's driver, by its own type where that is known: calls are then inline.
class Requests {
 public:
  // All arguments must outlive this.
  Requests(const LoopContext& context, const IoDriver& io, LoopClock& clock, Outbox& outbox, Connections& connections);

  // Sends the requests that are due. just_read: only a reply was handled since the clock was read. In a closed loop the
  // reply makes the next request due, so that reading is also the request's send time.
  template <typename Io>
  void dispatch(Io& io, bool just_read = false) {
    if (clock_.spins() || workload_.may_send(clock_.now()) || workload_.retires()) {
      send_due(io, just_read);
    }
  }
  // For drivers that queue sends: begins the connection's next request, if it is due, without reading the clock again.
  // The requests get the receive time of their batch, so their latencies include the handling of the batch.
  template <typename Io>
  [[gnu::always_inline]] void resume(Io& io, std::uint32_t index) {
    const TimePoint at = clock_.now();
    if (resumes_ && workload_.next_on(index, at)) [[likely]] {
      begin(io, index, at);
    }
  }
  // Sends what the workload has just handed out for this connection, or opens it.
  template <typename Io>
  [[gnu::always_inline]] void begin(Io& io, std::uint32_t index, TimePoint at);

 private:
  static constexpr std::size_t kSendBatch = 64;  // sent before polling again, so that a backlog does not delay replies

  template <typename Io>
  void send_due(Io& io, bool just_read);
  void recycle_retired();

  const bool open_loop_;
  const bool resumes_;  // a closed loop without spinning
  const bool queues_sends_;
  const bool one_by_one_;  // no pipeline, no slow senders
  const std::size_t batch_size_;
  protocols::ClientProtocol& protocol_;
  Workload& workload_;
  LoopClock& clock_;
  Outbox& outbox_;
  Connections& connections_;
  std::string request_;
};

inline Requests::Requests(const LoopContext& context, const IoDriver& io, LoopClock& clock, Outbox& outbox,
                          Connections& connections)
    : open_loop_(context.plan.rate_per_s.has_value()),
      resumes_(!open_loop_ &&
               !(context.share.connections > 0 && context.plan.idle_strategy.kind == IdleStrategy::kSpin)),
      queues_sends_(io.queues_sends()),
      one_by_one_(context.plan.pipeline == 1 && !outbox.paces()),
      batch_size_(io.batch_size()),
      protocol_(context.protocol),
      workload_(context.workload),
      clock_(clock),
      outbox_(outbox),
      connections_(connections) {}

template <typename Io>
[[gnu::always_inline]] inline void Requests::begin(Io& io, std::uint32_t index, TimePoint at) {
  ConnectionRecord& record = workload_.record(index);
  if (record.link.phase == Link::Phase::kDown) {
    connections_.open(index);  // on demand; the request follows when the connection is up
    return;
  }
  if (one_by_one_) [[likely]] {
    outbox_.send(io, index, record.link, protocol_.next_request(record.state), Lifetime::kStable, at);
    return;
  }
  request_.clear();
  do {
    protocol_.append_request(record.state, request_);
  } while (request_.size() < kMaxSendBytes && workload_.next_on(index, at));
  if (outbox_.paces()) {
    outbox_.send_slowly(index, request_);
  } else {
    outbox_.send(io, index, record.link, request_, Lifetime::kTransient, at);
  }
}

template <typename Io>
void Requests::send_due(Io& io, bool just_read) {
  // Requests of one batch share the first one's send time, so their latencies include the wait for the batch.
  bool in_time = just_read && !open_loop_;
  for (std::size_t sent = 0; sent < kSendBatch; ++sent) {
    if (queues_sends_ ? sent == 0 && !in_time : sent % batch_size_ == 0 && !std::exchange(in_time, false)) {
      if (!workload_.may_send(clock_.now())) {
        clock_.reset_backlog();
        break;
      }
      clock_.read();
    }
    const TimePoint at = clock_.now();
    const auto connection = workload_.next(at);
    if (!connection) {
      clock_.reset_backlog();
      break;
    }
    begin(io, *connection, at);
  }
  if (workload_.retires()) {
    recycle_retired();
  }
}

inline void Requests::recycle_retired() {
  while (const auto connection = workload_.retired()) {
    if (workload_.all_sent(clock_.now())) {
      break;  // no further request needs a connection
    }
    connections_.recycle(*connection, ErrorKind::kOpenAtEnd);  // nothing is in flight
  }
}

}  // namespace fanin::load
