#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace fanin::server {

// What a server counts of itself. The order is the order of the table in counters.cc.
enum class Count : std::size_t {
  kAccepted,
  kClosedByPeer,
  kClosedByServer,
  kClosedOnError,
  kRefusedDescriptors,
  kRefusedMaxConnections,
  kRefusedFdSetsize,
  kRefusedResources,
  kBytesReceived,
  kBytesSent,
  kCallAccept,
  kCallRecv,
  kCallSend,
  kCallWait,
  kCallEpollCtl,
  kCallIoUringEnter,
  kCallFork,
  kCallThreadCreate,
  kCallHandOver,
  kCallPause,
  kCallFcntl,
  kBlockAccept,
  kBlockRecv,
  kBlockSend,
  kHandedOver,
  kQueueFull,
  kWorkersReplaced,
  kWorkersKilled,
  kSignalOverflows,
  kSize,
};

inline constexpr std::size_t kWaitClasses = 16;  // 0, 1, 2-3, 4-7, ... events per wait

// One thread's counts. Plain integers: nobody else reads them until they are published.
struct Tally {
  std::array<std::uint64_t, static_cast<std::size_t>(Count::kSize)> counts{};
  std::array<std::uint64_t, kWaitClasses> events_per_wait{};
};

inline thread_local constinit Tally tally{};

inline void count(Count what, std::uint64_t by = 1) noexcept { tally.counts[static_cast<std::size_t>(what)] += by; }

// Counts one return of select, poll, epoll_wait or the like with `events` events; errors and time-outs count as none.
// `call` is what the wait was made with, where that has a counter of its own.
void count_wait(int events, Count call = Count::kCallWait) noexcept;

// Makes the totals that all threads and all forked processes of this server add to. Call once, before either. Throws
// std::system_error.
void share_totals();

// Adds the calling thread's tally to the totals and clears it. Call at the end of every thread and process that serves.
void publish_counts() noexcept;

// The totals in the shape of docs/contracts.md, as JSON on one line.
std::string totals_json();

// Publishes at the end of a scope.
struct PublishCounts {
  PublishCounts() = default;
  PublishCounts(const PublishCounts&) = delete;
  PublishCounts& operator=(const PublishCounts&) = delete;
  ~PublishCounts() { publish_counts(); }
};

}  // namespace fanin::server
