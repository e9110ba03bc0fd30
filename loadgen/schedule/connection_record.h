#pragma once

#include <cstdint>

#include "net/clock.h"
#include "protocols/client_protocol.h"

namespace fanin::load {

// One request's place on a connection.
struct Slot {
  TimePoint intended;
  TimePoint since;  // in flight: when it was sent; free: since when
};

// The event loop's part of a connection, over all its lives. 8 bytes, and all that an idle connection needs: a run may
// hold a million of them.
struct Link {
  // kSetup: connected, not usable before its set-up is done. kVerify: an idle connection waits for the reply that
  // verifies it. kClosing: waits for the server to close.
  enum class Phase : std::uint8_t { kDown, kConnecting, kSetup, kVerify, kUp, kClosing };

  int fd = -1;
  std::uint16_t life = 0;  // distinguishes events of this connection from those of its predecessor
  Phase phase = Phase::kDown;
  bool busy : 1 = false;     // the driver cannot send now
  bool waiting : 1 = false;  // bytes wait in the loop
  bool was_up : 1 = false;
  bool broke : 1 = false;
  bool served : 1 = false;  // had a reply in an earlier life

  bool connected() const noexcept { return phase >= Phase::kSetup; }
};

// What the request path needs of an active connection, for the workload, the event loop and the protocol: one cache
// line, since with a thousand connections each further line is another cache miss.
struct alignas(64) ConnectionRecord {
  // The workload's part. Its slots are a ring: those in flight, oldest first, then those that are free, then those that
  // think. Invariant: queued + thinking + in_flight <= pipeline.
  Slot only;  // the slot, if the pipeline is 1
  std::uint32_t replies = 0;
  std::uint32_t used = 0;  // requests sent in this life
  std::uint16_t in_flight = 0;
  std::uint16_t head = 0;  // slot of the oldest in flight
  std::uint16_t queued = 0;
  std::uint16_t stale = 0;  // entries in the queue from before it became unusable
  std::uint16_t thinking = 0;
  bool usable : 1 = false;
  bool ended : 1 = false;  // takes no more requests in this life
  bool lost : 1 = false;   // broken, not closed by the generator

  Link link;
  ClientState state;  // the protocol's part, of this life
};
static_assert(sizeof(ConnectionRecord) == alignof(ConnectionRecord));

}  // namespace fanin::load
