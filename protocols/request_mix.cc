#include "protocols/request_mix.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "protocols/splitmix.h"

namespace fanin {
namespace {

constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15U;  // the step of splitmix64

}  // namespace

RequestMix::RequestMix(std::uint64_t seed, std::span<const double> weights, std::vector<bool> closes)
    : start_(splitmix_finish(seed + kGamma)), closes_(std::move(closes)) {
  closes_.resize(weights.size());
  const double whole = std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (const double weight : weights.first(weights.size() - 1)) {
    sum += weight;
    // Not above the largest double below 2^64: a last weight that is tiny compared with the others would overflow.
    ends_.push_back(static_cast<std::uint64_t>(std::min(sum / whole * 0x1p64, 0x1.fffffffffffffp63)));
  }
}

double RequestMix::share(std::size_t index) const noexcept {
  const auto begin = index > 0 ? static_cast<double>(ends_[index - 1]) : 0;
  const auto end = index < ends_.size() ? static_cast<double>(ends_[index]) : 0x1p64;
  return (end - begin) / 0x1p64;
}

std::uint64_t RequestMix::draw(std::uint32_t connection, std::uint32_t number) const noexcept {
  const std::uint64_t place = std::uint64_t{connection} << 32 | number;
  return splitmix_finish(start_ + place * kGamma);
}

}  // namespace fanin
