#pragma once

namespace fanin {

// What a failed accept() means for the server.
enum class AcceptError {
  kWouldBlock,    // nobody is waiting
  kRetry,         // this one attempt or this one peer failed; the next may succeed at once
  kNoDescriptor,  // descriptors have run out: retrying at once would spin
  kNoResource,    // memory or buffers have run out: as above
  kStopped,       // the listener was shut down
  kFatal,         // a programming error or a broken listener
};

AcceptError classify_accept(int error) noexcept;

// What a failed recv() or send() on a connection means.
enum class IoError {
  kWouldBlock,
  kInterrupted,
  kPeerGone,  // reset, broken pipe, timed out, unreachable: ordinary weather
  kBroken,    // anything else: closes this connection as well
};

IoError classify_io(int error) noexcept;

}  // namespace fanin
