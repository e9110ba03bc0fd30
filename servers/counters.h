#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace fanin::server {

// Counters of a server, in the order of the table in counters.cc.
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
  kEventsReturned,
  kSwitchesVoluntary,
  kSwitchesInvoluntary,
  kSize,
};

inline constexpr std::size_t kWaitClasses = 16;  // 0, 1, 2-3, 4-7, ... events per wait

// Counts of one thread. Plain integers: no other thread reads them before publish_counts().
struct Tally {
  std::array<std::uint64_t, static_cast<std::size_t>(Count::kSize)> counts{};
  std::array<std::uint64_t, kWaitClasses> events_per_wait{};
};

inline thread_local constinit Tally tally{};

inline void count(Count what, std::uint64_t by = 1) noexcept { tally.counts[static_cast<std::size_t>(what)] += by; }

// Counts one return of select, poll, epoll_wait or the like with `events` events; errors and timeouts count as 0
// events. `call` is the counter of the system call.
void count_wait(int events, Count call = Count::kCallWait) noexcept;

// For models whose workers get connections from the kernel: how many each has taken, and in which order the first ones
// went to them. Written at once, at every connection, since a worker may be killed. Any thread or process after
// share_totals(). Workers beyond the first kCountedWorkers are not counted.
inline constexpr int kCountedWorkers = 64;
inline constexpr std::size_t kOrderedConnections = 32;
void announce_workers(int workers) noexcept;
void count_taken(int worker) noexcept;

// Creates the totals of all threads and forked processes of this server. Call once, before either. Throws
// std::system_error.
void share_totals();

// Begins the counts of a forked child: the parent publishes its own.
void begin_child_counts() noexcept;

// Adds the calling thread's counts to the totals and clears them. Call at the end of every serving thread.
void publish_counts() noexcept;

// The same at the end of every process, with the context switches of all its threads since it began (getrusage(2)).
void publish_process_counts() noexcept;

// The totals as one line of JSON (docs/contracts.md).
std::string totals_json();

// Publishes at the end of its scope.
struct PublishCounts {
  PublishCounts() = default;
  PublishCounts(const PublishCounts&) = delete;
  PublishCounts& operator=(const PublishCounts&) = delete;
  ~PublishCounts() { publish_counts(); }
};

}  // namespace fanin::server
