#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "loadgen/records/clock.h"

namespace fanin::load {

// A percentile as tools print it. Ten-thousandths, so that ranks are computed without rounding errors.
struct Percentile {
  std::string_view label;
  unsigned per_10000;
};

inline constexpr std::array<Percentile, 6> kPercentiles{
    {{"p50", 5000}, {"p90", 9000}, {"p95", 9500}, {"p99", 9900}, {"p99.9", 9990}, {"p99.99", 9999}}};

// The value of a percentile.
struct PercentileValue {
  enum class Kind {
    kFinite,
    kUncompleted,  // falls among the uncompleted samples
    kTooFew,       // fewer than 10/(1-p) samples
  };
  Kind kind = Kind::kTooFew;
  Nanoseconds value{0};  // for kFinite only
};

// Counts durations in HdrHistogram's log-linear layout with 2 significant digits: 256 sub-buckets, so buckets are 1 ns
// wide up to 255 ns and at most 1/128 of their value above. Fixed memory (36 KiB) for 0 ns to 1 hour. Longer
// values count as 1 hour and in clamped(); negative values count as 0.
//
// Uncompleted samples, of requests that failed or were not answered, have no value and rank above all others.
// One thread at a time.
class Histogram {
 public:
  static constexpr int kSubBucketBits = 8;
  static constexpr std::uint64_t kHighest = 3'600'000'000'000;  // 1 hour in ns
  static constexpr std::size_t kBuckets = 4608;                 // 36 halves of 128, enough for 42-bit values

  Histogram() : counts_(kBuckets) {}

  [[gnu::always_inline]] void record(Nanoseconds duration) noexcept {
    std::uint64_t value = duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0;
    if (value > kHighest) [[unlikely]] {
      value = kHighest;
      ++clamped_;
    }
    ++counts_[index_for(value)];
    ++count_;
    sum_ += value;
    min_ = value < min_ ? value : min_;
    max_ = value > max_ ? value : max_;
  }

  void record_uncompleted(std::uint64_t times = 1) noexcept { uncompleted_ += times; }

  // Adds the counts of `other`.
  void merge(const Histogram& other) noexcept;
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }  // samples with a value
  std::uint64_t uncompleted() const noexcept { return uncompleted_; }
  std::uint64_t clamped() const noexcept { return clamped_; }
  Nanoseconds min() const noexcept { return Nanoseconds(count_ > 0 ? min_ : 0); }  // exact
  Nanoseconds max() const noexcept { return Nanoseconds(max_); }                   // exact
  double mean_ns() const noexcept;                                                 // exact; 0 without samples
  double sum_ns() const noexcept { return static_cast<double>(sum_); }

  // The highest value of the bucket that holds the sample of rank ceil(p * n), uncompleted samples included in n; never
  // above max().
  PercentileValue percentile(unsigned per_10000) const noexcept;

  struct Bucket {
    std::uint64_t lowest;  // ns
    std::uint64_t count;
  };
  std::vector<Bucket> buckets() const;  // those with samples, ascending

  static constexpr std::size_t index_for(std::uint64_t value) noexcept {
    const int shift = static_cast<int>(std::bit_width(value | ((1U << kSubBucketBits) - 1))) - kSubBucketBits;
    return (static_cast<std::size_t>(shift) << (kSubBucketBits - 1)) + (value >> shift);
  }
  static constexpr std::uint64_t lowest_value(std::size_t index) noexcept {
    const auto [mantissa, shift] = split(index);
    return mantissa << shift;
  }
  static constexpr std::uint64_t highest_value(std::size_t index) noexcept {
    const auto [mantissa, shift] = split(index);
    return ((mantissa + 1) << shift) - 1;
  }

  std::uint64_t count_at(std::size_t index) const noexcept { return counts_[index]; }
  // Adds `times` samples of the bucket at `index`, valued at its middle, to restore stored counts. restore_max() then
  // sets the exact maximum.
  void add_bucket(std::size_t index, std::uint64_t times) noexcept;
  void restore_max(Nanoseconds max) noexcept { max_ = static_cast<std::uint64_t>(max.count()); }

 private:
  struct Split {
    std::uint64_t mantissa;
    int shift;
  };
  static constexpr Split split(std::size_t index) noexcept {
    constexpr std::size_t kHalf = std::size_t{1} << (kSubBucketBits - 1);
    if (index < 2 * kHalf) {
      return {index, 0};
    }
    return {(index & (kHalf - 1)) + kHalf, static_cast<int>(index / kHalf) - 1};
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t uncompleted_ = 0;
  std::uint64_t clamped_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
};

}  // namespace fanin::load
