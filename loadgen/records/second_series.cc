#include "loadgen/records/second_series.h"

#include <new>

namespace fanin::load {
namespace {

constexpr std::size_t kReservedPerSecond = sizeof(Second) + 400 * sizeof(SecondBucket);  // a busy one fills about 300

}  // namespace

void SecondSeries::reserve(std::size_t seconds) {
  const std::size_t bytes = seconds * kReservedPerSecond;
  reserved_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
  memory_.emplace(reserved_.get(), bytes);
}

void SecondSeries::add(const Histogram& responses, std::uint64_t failed) {
  if (!memory_) {
    memory_.emplace();
  }
  auto* second = ::new (memory_->allocate(sizeof(Second), alignof(Second)))
      Second{.completed = responses.count(), .failed = failed, .max = responses.max()};
  if (second->completed > 0) {
    const std::size_t first = Histogram::index_for(static_cast<std::uint64_t>(responses.min().count()));
    const std::size_t last = Histogram::index_for(static_cast<std::uint64_t>(responses.max().count()));
    std::size_t used = 0;
    for (std::size_t i = first; i <= last; ++i) {
      used += responses.count_at(i) > 0 ? 1 : 0;
    }
    std::pmr::polymorphic_allocator<SecondBucket> allocator(&*memory_);
    SecondBucket* const buckets = allocator.allocate(used);
    SecondBucket* bucket = buckets;
    for (std::size_t i = first; i <= last; ++i) {
      if (const std::uint64_t count = responses.count_at(i); count > 0) {
        *bucket++ = {static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(count)};
      }
    }
    second->buckets = {buckets, used};
  }
  (last_ != nullptr ? last_->following : first_).store(second, std::memory_order_release);
  last_ = second;
}

}  // namespace fanin::load
