#pragma once

#include <cerrno>
#include <span>
#include <vector>

#include "loadgen/drivers/busy_poll_meter.h"
#include "loadgen/drivers/coordinator.h"
#include "loadgen/plan/plan.h"
#include "loadgen/records/class_recorder.h"
#include "loadgen/records/close_waits.h"
#include "loadgen/records/kernel_stamps.h"
#include "loadgen/records/recorder.h"
#include "loadgen/records/silence_watch.h"
#include "loadgen/records/thread_usage.h"
#include "loadgen/schedule/workload.h"

namespace fanin::load {

// Which part of the plan falls to one thread.
struct Share {
  unsigned index = 0;                  // of the thread
  unsigned count = 1;                  // threads in all
  std::uint32_t first_connection = 0;  // number of its first active connection in the whole run
  std::uint32_t connections = 0;       // active ones
  std::uint32_t idle = 0;
  std::uint32_t first_idle = 0;  // number of its first idle connection, counted on after all active ones
};

// A mismatch, and when it was seen.
struct SeenMismatch {
  TimePoint at;
  Mismatch mismatch;
};

// One thread of a run with its connections, its part of the workload and its records. connect, drive and disconnect are
// called in this order by that thread; the accessors below by any thread once it has ended, and by any thread at any
// time for the recorder's progress counters.
class LoadThread {
 public:
  LoadThread(const LoadPlan& plan, const Share& share);
  virtual ~LoadThread() = default;
  LoadThread(const LoadThread&) = delete;
  LoadThread& operator=(const LoadThread&) = delete;

  // Opens all connections; returns when each is up or has failed. Throws std::system_error for trouble of its own.
  virtual void connect(const Coordinator& coordinator) = 0;
  // Makes the traffic; returns when every request of the window is accounted for.
  virtual void drive(const Window& window, const Coordinator& coordinator) = 0;
  // Closes all connections. Always called, also after an error.
  virtual void disconnect() noexcept = 0;

  const Share& share() const noexcept { return share_; }
  // Active connections that came up before the traffic began and have had no reply, as far as other threads may know;
  // kept up to date until the window opens.
  virtual std::uint64_t unserved() const noexcept = 0;
  const Recorder& recorder() const noexcept { return recorder_; }
  // Of a thread that spins; another has spun for no time.
  virtual const BusyPollMeter& spin() const noexcept {
    static const BusyPollMeter none;
    return none;
  }
  // Null where the plan does not ask for them.
  virtual const StampRecords* stamps() const noexcept { return nullptr; }
  const UsageMeter& usage() const noexcept { return meter_; }
  // Of a target that takes turns with others; null otherwise.
  const Slices* slices() const noexcept { return slices_ ? &*slices_ : nullptr; }
  // Of a mix of requests; null otherwise.
  const ClassRecorder* classes() const noexcept { return classes_ ? &*classes_ : nullptr; }
  std::uint32_t replies(std::uint32_t connection) const noexcept { return workload_.replies(connection); }
  // Replies to requests of the window by their status; empty where the protocol has none.
  std::span<const std::uint64_t> statuses() const noexcept { return statuses_; }
  // That came on all its connections; nothing but of a chat.
  std::optional<std::uint64_t> lines_of_others() const { return client_->lines_of_others(); }
  const DowntimeMeter& downtime() const noexcept { return workload_.downtime(); }
  const SilenceWatch& silence() const noexcept { return silence_; }
  Nanoseconds unanswered_time() const noexcept { return workload_.unanswered_time(); }
  const CloseWaits& close_waits() const noexcept { return close_waits_; }
  int last_connect_error() const noexcept { return last_connect_error_; }  // errno; 0: none failed
  // The first of the whole run, if there was any.
  const std::optional<SeenMismatch>& first_mismatch() const noexcept { return first_mismatch_; }
  bool gave_up() const noexcept { return gave_up_; }  // no connection was left to make the number of requests

 protected:
  // The traffic may begin.
  void start(const Window& window);
  // The window opens earlier than the start said, if the director says so. To be called at every look for news.
  void follow_opening(const Coordinator& coordinator, TimePoint at) noexcept {
    if (recorder_.open_early(coordinator.opening(), at) && slices_) {
      slices_->move_window(recorder_.window());
    }
  }
  // Looks whether replies come. To be called now and then while the traffic goes on, not per request.
  void look_for_silence(TimePoint at) {
    const std::uint64_t ended = recorder_.all_completed() + recorder_.all_failed() - recorder_.all_timeouts();
    silence_.look(at, ended, workload_.any_in_flight());
  }
  // The traffic is over, and a connection has waited since then for the server to close it. Before finish().
  void end_close_wait(TimePoint since, TimePoint at) {
    if (close_waits_.open_at_end(since, at, recorder_.window())) {
      recorder_.connection_error(ErrorKind::kNotClosed);
    }
  }
  // The traffic is over: accounts for all that is still open.
  void finish(TimePoint at);
  // What the protocol is to know of a connection that has just come up; counted from the thread's first one.
  ClientState new_life(std::uint32_t connection) const noexcept {
    return {.connection = share_.first_connection + connection, .prior_requests = workload_.ended(connection)};
  }
  // Lets the protocol read what has come on a connection at `at`, and accounts for the replies in it. What the outcome
  // says of the connection (`mismatch`, `closes`) is for the driver to do.
  ReplyOutcome take_replies(std::uint32_t connection, ClientState& state, std::string_view received, TimePoint at);
  static ErrorKind classify_fault(Fault fault) noexcept {
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
  // Keeps what the last call of `protocol` made of `received`, if it is the first.
  [[gnu::cold, gnu::noinline]] void keep_mismatch(const ClientProtocol& protocol, const ClientState& state,
                                                  std::string_view received, const ReplyOutcome& outcome, TimePoint at);
  [[gnu::cold, gnu::noinline]] void keep_mismatch(const ConnectionSetup& setup, const ClientState& state,
                                                  std::string_view received, TimePoint at);
  // The same for the end of the stream.
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
  CloseWaits close_waits_;
  int last_connect_error_ = 0;
  bool gave_up_ = false;

 private:
  // All but one reply that is right and ends with the bytes.
  [[gnu::noinline]] ReplyOutcome take_rest(std::uint32_t connection, ClientState& state, std::string_view received,
                                           ReplyOutcome outcome, TimePoint at);
  void account(std::uint32_t connection, std::uint32_t completed, std::uint32_t status, TimePoint at) noexcept;
  [[gnu::cold, gnu::noinline]] void refuse(std::uint32_t connection, const ClientState& state,
                                           std::string_view received, const ReplyOutcome& outcome, TimePoint at);

  std::vector<std::uint64_t> statuses_;
  std::optional<SeenMismatch> first_mismatch_;
};

// Inline, as what they call is: every reply passes here.
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

// Stands for a set-up that failed where the errno of a connect is kept.
inline constexpr int kSetupError = EPROTO;

// A connection that failed, or that the peer closed without having served it, is tried again after this long.
inline constexpr Nanoseconds kRetryDelay = std::chrono::milliseconds(100);

// A connection that the peer closes before its first request after this long, or later, is opened anew at once.
inline constexpr Nanoseconds kShortestSilence = std::chrono::milliseconds(10);

// How long an interrupted run waits for the replies that are under way.
inline constexpr Nanoseconds kInterruptGrace = std::chrono::milliseconds(200);

}  // namespace fanin::load
