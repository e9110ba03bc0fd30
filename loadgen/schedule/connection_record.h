#pragma once

#include <cstddef>
#include <cstdint>

#include "net/clock.h"
#include "protocols/client_protocol.h"

namespace fanin {

// One request's place on a connection.
struct Slot {
  TimePoint intended;
  TimePoint since;  // in flight: when it was sent; free: when it came free
};

// The workload's part of a connection. Its slots are a ring: those in flight, oldest first, then those that are free,
// then those that think. Invariant: queued + thinking + in_flight <= depth.
struct Lane {
  Slot only;  // where there is one alone
  std::uint32_t replies = 0;
  std::uint32_t used = 0;  // requests sent in this life
  std::uint16_t in_flight = 0;
  std::uint16_t head = 0;  // slot of the oldest in flight
  std::uint16_t queued = 0;
  std::uint16_t stale = 0;  // entries in the queue left from before it became unusable
  std::uint16_t thinking = 0;
  bool usable = false;
};

// The event loop's part, over all lives of the connection. A run may hold a million idle ones: 8 bytes, and nothing
// else while they idle.
struct Link {
  enum class Phase : std::uint8_t { kDown, kConnecting, kUp };

  int fd = -1;
  std::uint16_t life = 0;  // tells news of a connection apart from those of an earlier one in its place
  Phase phase = Phase::kDown;
  bool busy : 1 = false;     // the driver takes no bytes of it for now
  bool waiting : 1 = false;  // and some wait in the loop
  bool was_up : 1 = false;
  bool broke : 1 = false;
  bool closing : 1 = false;  // by the server, which is waited for
};

// The protocol's part, of this life.
struct Client {
  ClientState state;
  TimePoint since;  // of the connect, or of the wait for the server to close
};

// All that a thread knows of one active connection, whoever it is that knows it. What a request needs of it is in one
// line of the cache, for with a thousand connections each line more is a wait for memory more.
struct alignas(64) ConnectionRecord {
  Lane lane;
  Link link;
  Client client;
};
static_assert(offsetof(ConnectionRecord, client) + offsetof(ClientState, earlier) <= alignof(ConnectionRecord));

}  // namespace fanin
