#pragma once

#include <utility>

namespace fanin::net {

// Owns one file descriptor and closes it. Movable, not copyable; one thread at a time.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset(std::exchange(other.fd_, -1));
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

// Throws std::system_error with `what` and the current errno.
[[noreturn]] void throw_errno(const char* what);

// Returns `result` unless it is negative, in which case it throws as throw_errno does. For set-up paths only.
template <typename Result>
Result check(Result result, const char* what) {
  if (result < 0) {
    throw_errno(what);
  }
  return result;
}

// Classes of accept() errors.
enum class AcceptError {
  kWouldBlock,    // no connection waits
  kRetry,         // this attempt or this peer failed; the next may succeed at once
  kNoDescriptor,  // out of descriptors: retrying at once would spin
  kNoResource,    // out of memory or buffers: likewise
  kStopped,       // the listener was shut down
  kFatal,         // a programming error or a broken listener
};

AcceptError classify_accept(int error) noexcept;

// Classes of recv() and send() errors.
enum class IoError {
  kWouldBlock,
  kInterrupted,
  kPeerGone,  // reset, broken pipe, timed out, unreachable: routine peer failures
  kBroken,    // anything else: closes this connection as well
};

IoError classify_io(int error) noexcept;

}  // namespace fanin::net
