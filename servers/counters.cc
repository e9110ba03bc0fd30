#include "servers/counters.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <nlohmann/json.hpp>

#include "net/descriptor.h"

namespace fanin::server {
namespace {

struct Name {
  const char* group;
  const char* key;
};

constexpr std::array<Name, static_cast<std::size_t>(Count::kSize)> kNames{{
    {"connections", "accepted"},
    {"connections", "closed_by_peer"},
    {"connections", "closed_by_server"},
    {"connections", "closed_on_error"},
    {"connections", "refused_descriptors"},
    {"connections", "refused_max_connections"},
    {"connections", "refused_fd_setsize"},
    {"connections", "refused_resources"},
    {"bytes", "received"},
    {"bytes", "sent"},
    {"syscalls", "accept"},
    {"syscalls", "recv"},
    {"syscalls", "send"},
    {"syscalls", "wait"},
    {"syscalls", "epoll_ctl"},
    {"syscalls", "io_uring_enter"},
    {"syscalls", "fork"},
    {"syscalls", "thread_create"},
    {"syscalls", "hand_over"},
    {"syscalls", "pause"},
    {"syscalls", "fcntl"},
    {"would_block", "accept"},
    {"would_block", "recv"},
    {"would_block", "send"},
    {"workers", "handed_over"},
    {"workers", "queue_full"},
    {"workers", "replaced"},
    {"workers", "killed"},
    {"signals", "overflows"},
    {"events", "returned"},
    {"switches", "voluntary"},
    {"switches", "involuntary"},
}};

// In memory shared by forked children, hence atomics and no pointers.
struct Totals {
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Count::kSize)> counts;
  std::array<std::atomic<std::uint64_t>, kWaitClasses> events_per_wait;
  std::atomic<int> workers;
  std::array<std::atomic<std::uint64_t>, kCountedWorkers> taken;
  std::atomic<std::size_t> ordered;
  std::array<std::atomic<int>, kOrderedConnections> order;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

Totals* totals = nullptr;

}  // namespace

void count_wait(int events, Count call) noexcept {
  count(call);
  const auto number = static_cast<unsigned>(events > 0 ? events : 0);
  count(Count::kEventsReturned, number);
  const std::size_t kind = std::bit_width(number);  // 0 -> 0, 1 -> 1, 2-3 -> 2, 4-7 -> 3
  ++tally.events_per_wait[kind < kWaitClasses ? kind : kWaitClasses - 1];
}

void share_totals() {
  void* memory = ::mmap(nullptr, sizeof(Totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    net::throw_errno("cannot map memory for the counters");
  }
  totals = new (memory) Totals{};
}

namespace {

template <std::size_t size>
void add(const std::array<std::uint64_t, size>& counts, std::array<std::atomic<std::uint64_t>, size>& sums) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    if (counts[i] > 0) {
      sums[i].fetch_add(counts[i], std::memory_order_relaxed);
    }
  }
}

}  // namespace

void begin_child_counts() noexcept { tally = Tally{}; }

void publish_counts() noexcept {
  add(tally.counts, totals->counts);
  add(tally.events_per_wait, totals->events_per_wait);
  tally = Tally{};
}

void publish_process_counts() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  count(Count::kSwitchesVoluntary, static_cast<std::uint64_t>(usage.ru_nvcsw));
  count(Count::kSwitchesInvoluntary, static_cast<std::uint64_t>(usage.ru_nivcsw));
  publish_counts();
}

void announce_workers(int workers) noexcept {
  totals->workers.store(std::min(workers, kCountedWorkers), std::memory_order_relaxed);
}

// The place in the order is taken only while there is one: later connections write to no line that workers share.
void count_taken(int worker) noexcept {
  if (worker >= kCountedWorkers) {
    return;
  }
  totals->taken[static_cast<std::size_t>(worker)].fetch_add(1, std::memory_order_relaxed);
  if (totals->ordered.load(std::memory_order_relaxed) < kOrderedConnections) {
    if (const std::size_t place = totals->ordered.fetch_add(1, std::memory_order_relaxed);
        place < kOrderedConnections) {
      totals->order[place].store(worker, std::memory_order_relaxed);
    }
  }
}

namespace {

void add_workers(nlohmann::json& json) {
  const auto workers = static_cast<std::size_t>(totals->workers.load(std::memory_order_relaxed));
  if (workers == 0) {
    return;
  }
  for (std::size_t worker = 0; worker < workers; ++worker) {
    json["connections_by_worker"].push_back(totals->taken[worker].load(std::memory_order_relaxed));
  }
  auto& order = json["workers_in_order"] = nlohmann::json::array();
  for (std::size_t i = 0; i < std::min(totals->ordered.load(std::memory_order_relaxed), kOrderedConnections); ++i) {
    order.push_back(totals->order[i].load(std::memory_order_relaxed));
  }
}

}  // namespace

std::string totals_json() {
  nlohmann::json json;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    json[kNames[i].group][kNames[i].key] = totals->counts[i].load(std::memory_order_relaxed);
  }
  auto& waits = json["events_per_wait"] = nlohmann::json::array();
  for (std::size_t i = 0; i < kWaitClasses; ++i) {
    if (const auto number = totals->events_per_wait[i].load(std::memory_order_relaxed); number > 0) {
      waits.push_back({i == 0 ? 0u : 1u << (i - 1), number});
    }
  }
  add_workers(json);
  return json.dump();
}

}  // namespace fanin::server
