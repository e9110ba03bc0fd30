#pragma once

#include <cstdint>

#include "net/clock.h"
#include "protocols/client_protocol.h"

namespace fanin::load {

// One request's place on a connection.
struct Slot {
  TimePoint intended;
  TimePoint since;  // in flight: when it was sent; free: when it came free
};

// The event loop's part of a connection, over all its lives. A run may hold a million idle ones: 8 bytes, and nothing
// else while they idle.
struct Link {
  // kSetup: connected, of no use before its set-up is done. kClosing: by the server, which is waited for.
  enum class Phase : std::uint8_t { kDown, kConnecting, kSetup, kUp, kClosing };

  int fd = -1;
  std::uint16_t life = 0;  // tells news of a connection apart from those of an earlier one in its place
  Phase phase = Phase::kDown;
  bool busy : 1 = false;     // the driver takes no bytes of it for now
  bool waiting : 1 = false;  // and some wait in the loop
  bool was_up : 1 = false;
  bool broke : 1 = false;
  bool served : 1 = false;  // had a reply in an earlier life

  bool connected() const noexcept { return phase >= Phase::kSetup; }
};

// All that a thread keeps of an active connection for its requests, whoever it is that keeps it: in one line of the
// cache, for with a thousand connections each line more is another wait for memory.
struct alignas(64) ConnectionRecord {
  // The workload's part. Its slots are a ring: those in flight, oldest first, then those that are free, then those that
  // think. Invariant: queued + thinking + in_flight <= depth.
  Slot only;  // where there is one alone
  std::uint32_t replies = 0;
  std::uint32_t used = 0;  // requests sent in this life
  std::uint16_t in_flight = 0;
  std::uint16_t head = 0;  // slot of the oldest in flight
  std::uint16_t queued = 0;
  std::uint16_t stale = 0;  // entries in the queue left from before it became unusable
  std::uint16_t thinking = 0;
  bool usable : 1 = false;
  bool ended : 1 = false;  // in this life it takes no more requests
  bool lost : 1 = false;   // not usable through no wish of the generator

  Link link;
  ClientState state;  // the protocol's part, of this life
};
static_assert(sizeof(ConnectionRecord) == alignof(ConnectionRecord));

}  // namespace fanin::load
