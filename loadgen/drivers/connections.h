#pragma once

#include <optional>
#include <vector>

#include "loadgen/drivers/connect.h"
#include "loadgen/drivers/outbox.h"
#include "loadgen/drivers/setups.h"
#include "loadgen/schedule/connection_record.h"

namespace fanin::load {

// The connections of a loop that are to be opened: each once in order of their numbers, active ones again when they
// have closed or their retry is due. Allocates only at construction. No I/O and no clock; one thread.
class OpenQueue {
 public:
  // Connections before `first` are not opened on their own.
  OpenQueue(std::uint32_t first, std::uint32_t active, std::uint32_t count)
      : next_(first), count_(count), again_(active), retries_(active) {}

  bool empty() const noexcept { return next_ >= count_ && again_.empty(); }
  std::uint32_t pop() noexcept { return again_.empty() ? next_++ : again_.pop(); }  // precondition: not empty
  void push(std::uint32_t index) noexcept { again_.push(index); }
  // `due`: not before that of the last one.
  void push_retry(std::uint32_t index, TimePoint due) noexcept { retries_.push({due, index}); }
  // A connection whose retry is due, each once.
  std::optional<std::uint32_t> pop_retry(TimePoint at) noexcept {
    return retries_.empty() || retries_.front().due > at ? std::nullopt : std::optional(retries_.pop().index);
  }

 private:
  struct Retry {
    TimePoint due;
    std::uint32_t index;
  };

  std::uint32_t next_;  // this one and all after it were never opened
  std::uint32_t count_;
  Ring<std::uint32_t> again_;
  Ring<Retry> retries_;
};

// The lives of an event loop's connections: opens them, sets them up, verifies idle ones, closes and reopens them, and
// tells the workload which are lost. Knows nothing of requests; the functions that return whether an active connection
// has become usable leave the rest to the caller. Owned by the EventLoop; one thread.
class Connections {
 public:
  // All arguments must outlive this.
  Connections(const LoopContext& context, const SourceAddresses& sources, LinkTable& links, LoopClock& clock,
              Outbox& outbox, IoDriver& io);

  // Opens connections as long as there are some to open and --connect-concurrency allows it.
  void open_queued();
  void open(std::uint32_t index);
  // Whether connections are still to be opened, or are under way.
  bool opens_left() const noexcept { return !queue_.empty(); }
  bool pending() const noexcept { return opens_left() || connecting_ > 0; }
  std::uint32_t active_up() const noexcept { return up_; }

  // Reported by the driver. Each returns whether an active connection has become usable.
  bool connect_completed(std::uint32_t index);
  // Bytes of a connection that has no request: idle, in its set-up, or closing.
  bool received(std::uint32_t index, std::string_view bytes);
  void failed(std::uint32_t index, ErrorKind kind);

  // Ends an active connection's requests with `kind`, closes it and schedules it to be reopened: at once if it had been
  // served.
  void break_active(std::uint32_t index, ErrorKind kind);
  // It has made its number of requests, or the server announced the close: a new connection replaces it, with --close
  // server once the server has closed.
  void recycle(std::uint32_t index, ErrorKind unanswered);
  // The server has closed it as agreed.
  void renew(std::uint32_t index);
  bool may_be_closed(std::uint32_t index) const noexcept;
  void close(std::uint32_t index) noexcept;

  // Checks at ticks. An active connection that connects or closes is timed out by time_out() if it is late.
  void time_out(std::uint32_t index);
  void time_out_setups();
  void retry_due();
  // Active ones: start of the connect, or of the wait for the server to close.
  TimePoint since(std::uint32_t index) const noexcept { return since_[index]; }

 private:
  using Phase = Link::Phase;

  bool on_connected(std::uint32_t index);
  bool established(std::uint32_t index);
  void idle_established(std::uint32_t index);
  void received_reply(std::uint32_t index, std::string_view bytes);
  void idles(std::uint32_t index);
  void connect_failed(std::uint32_t index, int error);
  void setup_failed(std::uint32_t index);
  void break_idle(std::uint32_t index, ErrorKind kind);
  protocols::ClientState& state(std::uint32_t index) noexcept { return workload_.record(index).state; }

  const LoadPlan& plan_;
  const Share& share_;
  const SourceAddresses& sources_;
  Workload& workload_;
  Recorder& recorder_;
  FaultLog& faults_;
  LinkTable& links_;
  LoopClock& clock_;
  Outbox& outbox_;
  IoDriver& io_;
  Setups setups_;
  OpenQueue queue_;
  std::vector<TimePoint> since_;
  std::uint32_t connecting_ = 0;  // includes those in set-up or being verified
  std::uint32_t up_ = 0;          // active connections
};

}  // namespace fanin::load
