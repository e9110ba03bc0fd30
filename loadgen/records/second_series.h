#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>

#include "loadgen/records/histogram.h"

namespace fanin::load {

struct SecondBucket {
  std::uint16_t index;
  std::uint32_t count;
};

// What one second of the window saw in one thread, by the time of the outcome.
struct Second {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;  // unanswered ones included
  Nanoseconds max{0};
  std::span<const SecondBucket> buckets;  // of the response times, those with samples

  // The second after it; null where it is the last so far.
  const Second* next() const noexcept { return following.load(std::memory_order_acquire); }
  std::atomic<const Second*> following{nullptr};
};

// The seconds of one thread. That thread adds to it; any other may read at the same time what has been added, which
// neither moves nor changes. So the thread shows its percentiles to a live view for nothing: they are read where they
// have been put for the result anyway.
class SecondSeries {
 public:
  SecondSeries() = default;
  SecondSeries(const SecondSeries&) = delete;
  SecondSeries& operator=(const SecondSeries&) = delete;

  // Takes the memory for so many seconds. Before the first one is added.
  void reserve(std::size_t seconds);
  // For the thread that owns it: the second that has ended.
  void add(const Histogram& responses, std::uint64_t failed);

  const Second* first() const noexcept { return first_.load(std::memory_order_acquire); }

 private:
  std::unique_ptr<std::byte[]> reserved_;
  std::optional<std::pmr::monotonic_buffer_resource> memory_;
  std::atomic<const Second*> first_{nullptr};
  Second* last_ = nullptr;
};

}  // namespace fanin::load
