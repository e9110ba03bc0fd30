#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

namespace fanin::load {

// Every outcome of a request or a connection other than success.
enum class ErrorKind : std::uint8_t {
  kConnectRefused,
  kConnectTimeout,
  kConnectOther,
  kSetupFailed,   // connected, but the greeting or set-up exchange was wrong or timed out
  kNoDescriptor,  // descriptor limit of the process or the machine
  kNoPort,        // no local port is free: too many connections, or too many in TIME_WAIT
  kNoMemory,
  kReset,         // the peer reset the connection under a request
  kClosedEarly,   // the peer closed in an orderly way before the reply was complete
  kMismatch,      // bytes that no server of this protocol would send
  kTooLong,       // a reply beyond its limit
  kPatternLimit,  // a reply takes the reply pattern too many steps
  kHttpStatus,    // a complete reply with an unexpected status
  kSendError,
  kTimeout,      // no complete reply in time
  kOpenAtEnd,    // still open when the run ended
  kNotSent,      // due by the schedule, but no connection was free before the run ended
  kClosedIdle,   // the peer closed or reset a connection without a request in flight
  kNotClosed,    // the peer should have closed the connection and did not in time
  kUnsolicited,  // bytes came without a request in flight, which the protocol does not allow
};

inline constexpr std::array<std::string_view, 20> kErrorNames{
    "connect_refused", "connect_timeout", "connect_other", "setup_failed", "no_descriptor", "no_port",     "no_memory",
    "reset",           "closed_early",    "mismatch",      "too_long",     "pattern_limit", "http_status", "send_error",
    "timeout",         "open_at_end",     "not_sent",      "closed_idle",  "not_closed",    "unsolicited"};

inline constexpr std::size_t kErrorKinds = kErrorNames.size();

constexpr std::string_view error_name(ErrorKind kind) noexcept { return kErrorNames[static_cast<std::size_t>(kind)]; }

// Requests that ended this way count as unanswered; all other kinds count as failed.
constexpr bool is_unanswered(ErrorKind kind) noexcept {
  return kind == ErrorKind::kTimeout || kind == ErrorKind::kOpenAtEnd || kind == ErrorKind::kNotSent;
}

// The kind of a failed connect() or socket().
inline ErrorKind classify_connect(int error) noexcept {
  switch (error) {
    case ECONNREFUSED:
      return ErrorKind::kConnectRefused;
    case ETIMEDOUT:
      return ErrorKind::kConnectTimeout;
    case EMFILE:
    case ENFILE:
      return ErrorKind::kNoDescriptor;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return ErrorKind::kNoPort;
    case ENOBUFS:
    case ENOMEM:
      return ErrorKind::kNoMemory;
    case ECONNRESET:  // it was up, and was reset before the check
    case EPIPE:
      return ErrorKind::kReset;
    default:
      return ErrorKind::kConnectOther;
  }
}

// The kind of an error on a connection without a request in flight.
constexpr ErrorKind unasked(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::kReset:
    case ErrorKind::kClosedEarly:
      return ErrorKind::kClosedIdle;
    case ErrorKind::kMismatch:
      return ErrorKind::kUnsolicited;
    default:
      return kind;
  }
}

class ErrorCounts {
 public:
  void add(ErrorKind kind, std::uint64_t times = 1) noexcept { counts_[static_cast<std::size_t>(kind)] += times; }
  std::uint64_t operator[](ErrorKind kind) const noexcept { return counts_[static_cast<std::size_t>(kind)]; }
  void merge(const ErrorCounts& other) noexcept {
    for (std::size_t i = 0; i < kErrorKinds; ++i) {
      counts_[i] += other.counts_[i];
    }
  }
  std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) {
      sum += count;
    }
    return sum;
  }

 private:
  std::array<std::uint64_t, kErrorKinds> counts_{};
};

}  // namespace fanin::load
