#pragma once

#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "loadgen/records/close_waits.h"
#include "loadgen/records/error_kind.h"
#include "protocols/connection_setup.h"

namespace fanin::load {

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

}  // namespace fanin::load
