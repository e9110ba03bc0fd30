#include "protocols/pattern.h"

#include <array>

namespace fanin {
namespace {

using Block = std::array<char, kPatternPeriod>;

Block make_block() noexcept {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Block block{};
  std::uint64_t state = 1;
  for (char& byte : block) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = kAlphabet[state >> 58];
  }
  return block;
}

}  // namespace

std::string_view pattern_at(std::uint64_t position) noexcept {
  static const Block block = make_block();
  return std::string_view(block.data(), block.size()).substr(position % kPatternPeriod);
}

}  // namespace fanin
