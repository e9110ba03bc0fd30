#pragma once

#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "loadgen/drivers/coordinator.h"
#include "loadgen/drivers/loop_clock.h"
#include "loadgen/plan/plan.h"
#include "loadgen/records/class_recorder.h"
#include "loadgen/records/error_kind.h"
#include "loadgen/records/kernel_stamps.h"
#include "loadgen/records/lost_time.h"
#include "loadgen/records/recorder.h"
#include "loadgen/records/usage.h"
#include "loadgen/schedule/workload.h"
#include "protocols/client_protocol.h"

namespace fanin::load {

// The part of the plan for one thread.
struct Share {
  unsigned index = 0;                  // of the thread
  unsigned count = 1;                  // threads in all
  std::uint32_t first_connection = 0;  // number of its first active connection in the whole run
  std::uint32_t connections = 0;       // active
  std::uint32_t idle = 0;
  std::uint32_t first_idle = 0;  // number of its first idle connection, after all active ones

  // The number in the whole run of a connection of the thread: its active ones first, then its idle ones.
  std::uint32_t number(std::uint32_t connection) const noexcept {
    return (connection < connections ? first_connection : first_idle) + connection;
  }
};

// Stored as the errno of a connect when the set-up failed.
inline constexpr int kSetupError = EPROTO;

// A mismatch with its time.
struct SeenMismatch {
  TimePoint at;
  Mismatch mismatch;
};

// What went wrong on the connections of one thread, for the report; the recorder counts it. That thread fills it;
// others read it after the thread has ended.
class FaultLog {
 public:
  // Keeps the description of the mismatch that the last call of `protocol` found in `received`, if it is the first.
  [[gnu::cold, gnu::noinline]] void keep_mismatch(const ClientProtocol& protocol, const ClientState& state,
                                                  std::string_view received, const ReplyOutcome& outcome,
                                                  TimePoint at) {
    if (!first_mismatch_ && outcome.fault != Fault::kGoodbye) {
      first_mismatch_ = {at, protocol.describe(state, received, outcome)};
    }
  }
  [[gnu::cold, gnu::noinline]] void keep_mismatch(const ConnectionSetup& setup, const ClientState& state,
                                                  std::string_view received, TimePoint at) {
    if (!first_mismatch_) {
      first_mismatch_ = {at, setup.describe(state, received)};
    }
  }
  const std::optional<SeenMismatch>& first_mismatch() const noexcept { return first_mismatch_; }

  void connect_failed(int error) noexcept { last_connect_error_ = error; }
  int last_connect_error() const noexcept { return last_connect_error_; }  // errno; 0: none failed

  CloseWaits close_waits;

 private:
  std::optional<SeenMismatch> first_mismatch_;
  int last_connect_error_ = 0;
};

constexpr ErrorKind classify_fault(Fault fault) noexcept {
  switch (fault) {
    case Fault::kTooLong:
      return ErrorKind::kTooLong;
    case Fault::kPatternLimit:
      return ErrorKind::kPatternLimit;
    case Fault::kGoodbye:
      return ErrorKind::kClosedEarly;
    default:
      return ErrorKind::kMismatch;
  }
}

// What a thread's parts work on. All of it outlives them.
struct LoopContext {
  const LoadPlan& plan;
  const Share& share;
  ClientProtocol& protocol;
  Workload& workload;
  Recorder& recorder;
  FaultLog& faults;
};

// The protocol's state of a connection that has just come up; `connection` counts from the thread's first one.
inline ClientState new_life(const Share& share, const Workload& workload, std::uint32_t connection) noexcept {
  return {.connection = share.number(connection), .prior_requests = workload.ended(connection)};
}

// One thread of a run with its connections, its part of the workload and its records. That thread calls connect, drive
// and disconnect, in this order. Any thread may call the accessors below once it has ended, and read the recorder's
// progress counters at any time.
class LoadThread {
 public:
  LoadThread(const LoadPlan& plan, const Share& share);
  virtual ~LoadThread() = default;
  LoadThread(const LoadThread&) = delete;
  LoadThread& operator=(const LoadThread&) = delete;

  // Opens all connections; returns when each is up or has failed. Throws std::system_error for set-up errors.
  virtual void connect(const Coordinator& coordinator) = 0;
  // Makes the traffic; returns when every request of the window is accounted for.
  virtual void drive(const Window& window, const Coordinator& coordinator) = 0;
  // Closes all connections. Always called, also after an error.
  virtual void disconnect() noexcept = 0;

  const Share& share() const noexcept { return share_; }
  // Active connections that came up before the traffic began and have had no reply. Any thread; updated until the
  // window opens.
  virtual std::uint64_t unserved() const noexcept = 0;
  const Recorder& recorder() const noexcept { return recorder_; }
  // All zero for a thread that does not spin.
  virtual const BusyPollMeter& spin() const noexcept {
    static const BusyPollMeter none;
    return none;
  }
  // Null without --timestamps.
  virtual const StampRecords* stamps() const noexcept { return nullptr; }
  const UsageMeter& usage() const noexcept { return meter_; }
  // Of one of several interleaved targets; null otherwise.
  const Slices* slices() const noexcept { return slices_ ? &*slices_ : nullptr; }
  // Of a mix of requests; null otherwise.
  const ClassRecorder* classes() const noexcept { return classes_ ? &*classes_ : nullptr; }
  std::uint32_t replies(std::uint32_t connection) const noexcept { return workload_.replies(connection); }
  // Replies to requests of the window by status; empty for protocols without one.
  std::span<const std::uint64_t> statuses() const noexcept { return statuses_; }
  // Of protocol chat alone: lines of other members, on all its connections.
  std::optional<std::uint64_t> lines_of_others() const { return client_->lines_of_others(); }
  const DowntimeMeter& downtime() const noexcept { return workload_.downtime(); }
  const SilenceWatch& silence() const noexcept { return silence_; }
  Nanoseconds unanswered_time() const noexcept { return workload_.unanswered_time(); }
  const FaultLog& faults() const noexcept { return faults_; }
  bool gave_up() const noexcept { return gave_up_; }  // no connection was left for the number of requests

 protected:
  // The traffic may begin.
  void start(const Window& window);
  // Opens the window earlier if the controller asked for it. Called at every check of the coordinator.
  void follow_opening(const Coordinator& coordinator, TimePoint at) noexcept {
    if (recorder_.open_early(coordinator.opening(), at) && slices_) {
      slices_->move_window(recorder_.window());
    }
  }
  // Updates the watch for silence. Called regularly during the traffic, not per request.
  void look_for_silence(TimePoint at) {
    const std::uint64_t ended = recorder_.all_completed() + recorder_.all_failed() - recorder_.all_timeouts();
    silence_.look(at, ended, workload_.any_in_flight());
  }
  // At the end of the traffic, before finish(): a connection has waited since `since` for the server to close it.
  void end_close_wait(TimePoint since, TimePoint at) {
    if (faults_.close_waits.open_at_end(since, at, recorder_.window())) {
      recorder_.connection_error(ErrorKind::kNotClosed);
    }
  }
  // The traffic is over: accounts for all requests still in flight.
  void finish(TimePoint at);
  LoopContext context() noexcept { return {plan_, share_, *client_, workload_, recorder_, faults_}; }
  // Passes received bytes to the protocol and accounts for the replies in them. The driver acts on the outcome's
  // `mismatch` and `closes`.
  ReplyOutcome take_replies(std::uint32_t connection, ClientState& state, std::string_view received, TimePoint at);
  // The same at the end of the stream.
  ReplyOutcome take_end(std::uint32_t connection, ClientState& state, TimePoint at);

  const LoadPlan& plan_;
  const Share share_;
  const std::unique_ptr<ClientProtocol> client_;
  std::optional<ProcessClock> server_clock_;  // of the thread that reads it at the borders of slices
  std::optional<Slices> slices_;
  Recorder recorder_;
  std::optional<ClassRecorder> classes_;
  Workload workload_;
  UsageMeter meter_;
  SilenceWatch silence_;
  FaultLog faults_;
  bool gave_up_ = false;

 private:
  // Every outcome but one right reply that ends with the bytes.
  [[gnu::noinline]] ReplyOutcome take_rest(std::uint32_t connection, ClientState& state, std::string_view received,
                                           ReplyOutcome outcome, TimePoint at);
  void account(std::uint32_t connection, std::uint32_t completed, std::uint32_t status, TimePoint at) noexcept;
  [[gnu::cold, gnu::noinline]] void refuse(std::uint32_t connection, const ClientState& state,
                                           std::string_view received, const ReplyOutcome& outcome, TimePoint at);

  std::vector<std::uint64_t> statuses_;
};

// Inline: every reply passes here.
[[gnu::always_inline]] inline ReplyOutcome LoadThread::take_replies(std::uint32_t connection, ClientState& state,
                                                                    std::string_view received, TimePoint at) {
  const ReplyOutcome outcome = client_->consume(state, received);
  if (outcome.is_one_reply()) [[likely]] {
    workload_.replied(connection, 1, at);
    return {.completed = 1};
  }
  if (outcome.is_one_reply(outcome.status)) {
    account(connection, 1, outcome.status, at);
    return {.completed = 1};
  }
  return take_rest(connection, state, received, outcome, at);
}

// Delay before a connection is retried that failed or was closed unserved.
inline constexpr Nanoseconds kRetryDelay = std::chrono::milliseconds(100);

// A connection that the peer closes without a request after this long or later is reopened at once.
inline constexpr Nanoseconds kShortestSilence = std::chrono::milliseconds(10);

// Grace period of an interrupted run for replies in flight.
inline constexpr Nanoseconds kInterruptGrace = std::chrono::milliseconds(200);

}  // namespace fanin::load
