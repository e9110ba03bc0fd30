#pragma once

#include <cstdint>
#include <string_view>

namespace fanin {

// The finalizer of splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014): a bijection
// in which every bit of the result depends on every bit of `number`.
constexpr std::uint64_t splitmix_finish(std::uint64_t number) noexcept {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31);
}

// A hash of a request line, computed incrementally: FNV-1a with splitmix64's finalizer, so that lines that differ in
// one digit differ everywhere. Both halves of a protocol compute it, so its decisions are the same in every server
// model, thread and process. A value.
class LineHash {
 public:
  void add(std::string_view part) noexcept {
    for (const char c : part) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
  }

  std::uint64_t value() const noexcept { return splitmix_finish(state_); }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace fanin
