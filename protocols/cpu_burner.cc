#include "protocols/cpu_burner.h"

#include <algorithm>

namespace fanin {
namespace {

constexpr Nanoseconds kShortest = std::chrono::microseconds(10);  // shorter amounts do not read the clock
constexpr std::uint64_t kMaxUninterrupted = 1'000'000;            // loop steps, a few milliseconds
constexpr Nanoseconds kStep = std::chrono::microseconds(2);

void spin(std::uint64_t iterations) noexcept {
  std::uint64_t value = iterations;
  for (; iterations > 0; --iterations) {
    value = value * 6364136223846793005U + 1442695040888963407U;  // each step depends on the previous one
    asm volatile("" : "+r"(value));
  }
}

// The fastest of many short runs is the undisturbed one.
double nanoseconds_per_iteration() noexcept {
  constexpr std::uint64_t kIterations = 20'000;
  Nanoseconds fastest = Nanoseconds::max();
  for (int run = 0; run < 30; ++run) {
    const Nanoseconds start = thread_cpu_time();
    spin(kIterations);
    fastest = std::min(fastest, thread_cpu_time() - start);
  }
  return std::max(static_cast<double>(fastest.count()), 1.0) / kIterations;
}

}  // namespace

CpuBurner::CpuBurner(Nanoseconds amount) : amount_(amount) {
  if (amount > Nanoseconds(0)) {
    const Nanoseconds looped = amount < kShortest ? amount : kStep;
    iterations_ = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(static_cast<double>(looped.count()) / nanoseconds_per_iteration()));
  }
}

bool CpuBurner::burn(GivenUp given_up) const noexcept {
  if (amount_ < kShortest) {
    std::uint64_t left = iterations_;
    for (; left > kMaxUninterrupted; left -= kMaxUninterrupted) {
      spin(kMaxUninterrupted);
      if (given_up()) {
        return false;
      }
    }
    spin(left);
    return true;
  }
  const Nanoseconds end = thread_cpu_time() + amount_;
  while (thread_cpu_time() < end) {
    if (given_up()) {
      return false;
    }
    spin(iterations_);
  }
  return true;
}

}  // namespace fanin
