#include "ledger/instructions.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace fanin::ledger {
namespace {

constexpr std::array<std::uint8_t, 4> kNopOpcode{0x0f, 0x1f, 0x84, 0x00};
constexpr std::array<std::uint8_t, 3> kStackSwitchOpcode{0x48, 0x8b, 0xa6};

// The displacement of an instruction that consists of it and an opcode.
template <typename Number>
std::optional<Number> displacement(std::span<const std::uint8_t> instruction,
                                   std::span<const std::uint8_t> opcode) noexcept {
  if (instruction.size() != opcode.size() + sizeof(Number) ||
      !std::equal(opcode.begin(), opcode.end(), instruction.begin())) {
    return std::nullopt;
  }
  Number number;
  std::memcpy(&number, instruction.data() + opcode.size(), sizeof(number));
  return number;
}

// Prefixes that calls and returns carry as padding or hints: segments, operand size, rep (also bnd and notrack), and
// REX.
bool is_prefix(std::uint8_t byte) noexcept {
  constexpr std::array<std::uint8_t, 9> kPrefixes{0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0xf2, 0xf3};
  return std::find(kPrefixes.begin(), kPrefixes.end(), byte) != kPrefixes.end() || (byte & 0xf0) == 0x40;
}

}  // namespace

Exit exit_of(std::span<const std::uint8_t> instruction) noexcept {
  const auto opcode = std::find_if_not(instruction.begin(), instruction.end(), is_prefix);
  if (opcode == instruction.end()) {
    return Exit::kNone;
  }
  switch (*opcode) {
    case 0xe8:
      return Exit::kCall;
    case 0xc2:
    case 0xc3:
      return Exit::kReturn;
    case 0xcf:
      return Exit::kInterruptReturn;
    case 0xff:  // a group: the operation is in the middle of the next byte
      return opcode + 1 != instruction.end() && (opcode[1] >> 3 & 7) == 2 ? Exit::kCall : Exit::kNone;
    default:
      return Exit::kNone;
  }
}

std::optional<Marker> marker_of(std::span<const std::uint8_t> instruction) noexcept {
  const auto number = displacement<std::uint32_t>(instruction, kNopOpcode);
  constexpr auto kFirst = kMarkerBase + static_cast<std::uint32_t>(Marker::kReply);
  constexpr auto kLast = kMarkerBase + static_cast<std::uint32_t>(Marker::kCheckEnds);
  if (!number || *number < kFirst || *number > kLast) {
    return std::nullopt;
  }
  return static_cast<Marker>(*number - kMarkerBase);
}

std::optional<std::int32_t> stack_switch_of(std::span<const std::uint8_t> instruction) noexcept {
  return displacement<std::int32_t>(instruction, kStackSwitchOpcode);
}

}  // namespace fanin::ledger
