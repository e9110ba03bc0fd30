#pragma once

#include <cerrno>
#include <optional>
#include <string_view>

#include "loadgen/plan/plan.h"
#include "loadgen/records/error_kind.h"
#include "loadgen/records/lost_time.h"
#include "loadgen/records/recorder.h"
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
  protocols::Mismatch mismatch;
};

// Errors of the connections of one thread, for the report; the recorder counts them. That thread fills it;
// others read it after the thread has ended.
class FaultLog {
 public:
  // Keeps the description of the mismatch that the last call of `protocol` found in `received`, if it is the first.
  [[gnu::cold, gnu::noinline]] void keep_mismatch(const protocols::ClientProtocol& protocol,
                                                  const protocols::ClientState& state, std::string_view received,
                                                  const protocols::ReplyOutcome& outcome, TimePoint at) {
    if (!first_mismatch_ && outcome.fault != protocols::Fault::kGoodbye) {
      first_mismatch_ = {at, protocol.describe(state, received, outcome)};
    }
  }
  [[gnu::cold, gnu::noinline]] void keep_mismatch(const protocols::ConnectionSetup& setup,
                                                  const protocols::ClientState& state, std::string_view received,
                                                  TimePoint at) {
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

constexpr ErrorKind classify_fault(protocols::Fault fault) noexcept {
  switch (fault) {
    case protocols::Fault::kTooLong:
      return ErrorKind::kTooLong;
    case protocols::Fault::kPatternLimit:
      return ErrorKind::kPatternLimit;
    case protocols::Fault::kGoodbye:
      return ErrorKind::kClosedEarly;
    default:
      return ErrorKind::kMismatch;
  }
}

// The objects that a thread's parts share. All of them outlive the parts.
struct LoopContext {
  const LoadPlan& plan;
  const Share& share;
  protocols::ClientProtocol& protocol;
  Workload& workload;
  Recorder& recorder;
  FaultLog& faults;
};

// The protocol's state of a connection that has just come up; `connection` counts from the thread's first one.
inline protocols::ClientState new_life(const Share& share, const Workload& workload,
                                       std::uint32_t connection) noexcept {
  return {.connection = share.number(connection), .prior_requests = workload.ended(connection)};
}

// Delay before a connection is retried that failed or was closed unserved.
inline constexpr Nanoseconds kRetryDelay = std::chrono::milliseconds(100);

// A connection that the peer closes without a request after this long or later is reopened at once.
inline constexpr Nanoseconds kShortestSilence = std::chrono::milliseconds(10);

// Grace period of an interrupted run for replies in flight.
inline constexpr Nanoseconds kInterruptGrace = std::chrono::milliseconds(200);

}  // namespace fanin::load
