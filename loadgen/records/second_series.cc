#include "loadgen/records/second_series.h"

#include <new>

#include "loadgen/records/recorder.h"

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

std::optional<SecondOfAll> SeriesReader::next() {
  std::vector<const Second*> parts(recorders_.size());
  bool any = false;
  bool all_finished = true;
  for (std::size_t i = 0; i < recorders_.size(); ++i) {
    const bool finished = recorders_[i]->finished();  // asked first: it adds nothing after that
    parts[i] = read_[i] != nullptr ? read_[i]->next() : recorders_[i]->seconds().first();
    if (parts[i] == nullptr && !finished) {
      return std::nullopt;
    }
    all_finished &= finished;
    any |= parts[i] != nullptr;
  }
  if (!any) {
    return std::nullopt;
  }
  SecondOfAll sum{.number = number_++, .all_finished = all_finished};
  Nanoseconds max{0};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == nullptr) {
      continue;
    }
    read_[i] = parts[i];
    sum.completed += parts[i]->completed;
    sum.failed += parts[i]->failed;
    if (all_finished && parts[i]->next() == nullptr) {
      sum.late += recorders_[i]->completed_late();
    }
    max = std::max(max, parts[i]->max);
    for (const SecondBucket& bucket : parts[i]->buckets) {
      sum.responses.add_bucket(bucket.index, bucket.count);
    }
  }
  sum.responses.restore_max(max);
  sum.responses.record_uncompleted(sum.failed);
  return sum;
}

}  // namespace fanin::load
