#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "loadgen/records/histogram.h"

namespace fanin::load {

class Recorder;

struct SecondBucket {
  std::uint16_t index;
  std::uint32_t count;
};

// One second of the window in one thread, by the time of the outcome.
struct Second {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;  // unanswered ones included
  Nanoseconds max{0};
  std::span<const SecondBucket> buckets;  // of the response times, those with samples

  // The next second; null if this is the last so far.
  const Second* next() const noexcept { return following.load(std::memory_order_acquire); }
  std::atomic<const Second*> following{nullptr};
};

// The seconds of one thread. That thread appends; others may read concurrently, since stored seconds neither move nor
// change. So a live view costs the thread nothing: it reads what is stored for the result.
class SecondSeries {
 public:
  SecondSeries() = default;
  SecondSeries(const SecondSeries&) = delete;
  SecondSeries& operator=(const SecondSeries&) = delete;

  // Allocates memory for `seconds`. Call it before the first add().
  void reserve(std::size_t seconds);
  // Called by the owning thread at the end of a second.
  void add(const Histogram& responses, std::uint64_t failed);

  const Second* first() const noexcept { return first_.load(std::memory_order_acquire); }

 private:
  std::unique_ptr<std::byte[]> reserved_;
  std::optional<std::pmr::monotonic_buffer_resource> memory_;
  std::atomic<const Second*> first_{nullptr};
  Second* last_ = nullptr;
};

// One second of the window over all threads.
struct SecondOfAll {
  std::uint64_t number = 0;  // from the opening of the window
  std::uint64_t completed = 0;
  std::uint64_t late = 0;     // of those completed, after the window, in its last second
  std::uint64_t failed = 0;   // unanswered ones included
  bool all_finished = false;  // all threads have ended: it may be the last, and shorter
  Histogram responses;        // from stored buckets, with the exact maximum and the failed ones as uncompleted
};

// Merges the seconds of all threads, while they run or after they have ended. Each reader is used by one thread; there
// may be several readers.
class SeriesReader {
 public:
  // The recorders must outlive this.
  explicit SeriesReader(std::vector<const Recorder*> recorders)
      : recorders_(std::move(recorders)), read_(recorders_.size()) {}

  // The next second, once every thread has passed its end or has finished; nullopt if there is none yet.
  std::optional<SecondOfAll> next();

 private:
  std::vector<const Recorder*> recorders_;
  std::vector<const Second*> read_;  // the latest of each
  std::uint64_t number_ = 0;
};

}  // namespace fanin::load
