#include "loadgen/records/histogram.h"

#include <algorithm>

namespace fanin::load {

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) {
    counts_[i] += other.counts_[i];
  }
  count_ += other.count_;
  uncompleted_ += other.uncompleted_;
  clamped_ += other.clamped_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() noexcept {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = uncompleted_ = clamped_ = sum_ = max_ = 0;
  min_ = ~std::uint64_t{0};
}

double Histogram::mean_ns() const noexcept {
  return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

PercentileValue Histogram::percentile(unsigned per_10000) const noexcept {
  const std::uint64_t total = count_ + uncompleted_;
  if (total * (10000 - per_10000) < 10 * 10000) {
    return {};
  }
  const std::uint64_t rank = (total * per_10000 + 9999) / 10000;
  if (rank > count_) {
    return {PercentileValue::Kind::kUncompleted, {}};
  }
  std::uint64_t seen = 0;
  std::size_t index = 0;
  while (index + 1 < kBuckets && (seen += counts_[index]) < rank) {
    ++index;
  }
  return {PercentileValue::Kind::kFinite, Nanoseconds(std::min(highest_value(index), max_))};
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> filled;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (counts_[i] > 0) {
      filled.push_back({lowest_value(i), counts_[i]});
    }
  }
  return filled;
}

void Histogram::add_bucket(std::size_t index, std::uint64_t times) noexcept {
  if (times == 0) {
    return;
  }
  const std::uint64_t middle = lowest_value(index) + (highest_value(index) - lowest_value(index)) / 2;
  counts_[index] += times;
  count_ += times;
  sum_ += middle * times;
  min_ = std::min(min_, middle);
  max_ = std::max(max_, middle);
}

}  // namespace fanin::load
