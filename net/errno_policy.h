#pragma once

namespace fanin {

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

}  // namespace fanin
