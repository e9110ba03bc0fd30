#pragma once

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "loadgen/drivers/loop_clock.h"
#include "loadgen/drivers/loop_context.h"
#include "loadgen/plan/plan.h"
#include "loadgen/records/error_kind.h"
#include "loadgen/records/kernel_stamps.h"
#include "loadgen/records/lost_time.h"
#include "loadgen/records/recorder.h"
#include "loadgen/records/usage.h"
#include "loadgen/schedule/workload.h"
#include "protocols/client_protocol.h"

namespace fanin::load {

// Synchronises the phases of a run: connections up, traffic, all requests accounted for, closing. The load threads call
// the upper half, the controlling thread the lower half.
class Coordinator {
 public:
  // `background` of the threads have no end of their own: they stop when only they are left.
  explicit Coordinator(unsigned threads, unsigned background = 0) : threads_(threads), background_(background) {}

  // Connections are up or have failed. Blocks until the start; nullopt if the run is called off.
  std::optional<Window> wait_for_start();
  // Every request is accounted for. Blocks until connections may be closed.
  void wait_for_release();
  // The thread failed. all_ready() and all_done() rethrow its error.
  void fail(std::exception_ptr error);
  // When the window opens, as far as that is known; at first the time given to start().
  TimePoint opening() const noexcept { return opening_.load(std::memory_order_relaxed); }
  // Of a thread in the background: whether all others have accounted for every request.
  bool only_background_left() const;
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_relaxed); }

  // Each waits until `until` at most and returns whether all threads have arrived. Both rethrow a thread's error.
  bool all_ready(TimePoint until);
  bool all_done(TimePoint until);
  void start(const Window& window);
  // The window opens earlier than start() said; the threads check every kTick.
  void open_at(TimePoint opening) noexcept { opening_.store(opening, std::memory_order_relaxed); }
  void call_off();
  void release();
  void interrupt() noexcept { interrupted_.store(true, std::memory_order_relaxed); }

 private:
  bool wait_until(TimePoint until, const unsigned& count);

  const unsigned threads_;
  const unsigned background_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  unsigned ready_ = 0;
  unsigned done_ = 0;
  bool decided_ = false;
  bool released_ = false;
  std::optional<Window> window_;
  std::exception_ptr error_;
  std::atomic<bool> interrupted_{false};
  std::atomic<TimePoint> opening_{TimePoint::max()};
};

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
  const Workload& workload() const noexcept { return workload_; }
  // All zero for a thread that does not spin.
  virtual const BusyPollMeter& spin() const noexcept {
    static const BusyPollMeter none;
    return none;
  }
  // Null without --timestamps.
  virtual const StampRecords* stamps() const noexcept { return nullptr; }
  const UsageMeter& usage() const noexcept { return meter_; }
  // Null unless several targets are interleaved.
  const Slices* slices() const noexcept { return slices_ ? &*slices_ : nullptr; }
  // Null without a mix of requests.
  const ClassRecorder* classes() const noexcept { return classes_ ? &*classes_ : nullptr; }
  // Replies to requests of the window by status; empty for protocols without one.
  std::span<const std::uint64_t> statuses() const noexcept { return statuses_; }
  // Lines of other members on all connections; protocol chat alone.
  std::optional<std::uint64_t> lines_of_others() const { return client_->lines_of_others(); }
  const SilenceWatch& silence() const noexcept { return silence_; }
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
  protocols::ReplyOutcome take_replies(std::uint32_t connection, protocols::ClientState& state,
                                       std::string_view received, TimePoint at);
  // The same at the end of the stream.
  protocols::ReplyOutcome take_end(std::uint32_t connection, protocols::ClientState& state, TimePoint at);

  const LoadPlan& plan_;
  const Share share_;
  const std::unique_ptr<protocols::ClientProtocol> client_;
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
  [[gnu::noinline]] protocols::ReplyOutcome take_rest(std::uint32_t connection, protocols::ClientState& state,
                                                      std::string_view received, protocols::ReplyOutcome outcome,
                                                      TimePoint at);
  void account(std::uint32_t connection, std::uint32_t completed, std::uint32_t status, TimePoint at) noexcept;
  [[gnu::cold, gnu::noinline]] void refuse(std::uint32_t connection, const protocols::ClientState& state,
                                           std::string_view received, const protocols::ReplyOutcome& outcome,
                                           TimePoint at);

  std::vector<std::uint64_t> statuses_;
};

// Inline: every reply passes here.
[[gnu::always_inline]] inline protocols::ReplyOutcome LoadThread::take_replies(std::uint32_t connection,
                                                                               protocols::ClientState& state,
                                                                               std::string_view received,
                                                                               TimePoint at) {
  const protocols::ReplyOutcome outcome = client_->consume(state, received);
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

}  // namespace fanin::load
