#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ledger/marker.h"

// What the ledger knows of x86-64 machine code. Each function takes the bytes of one instruction.
namespace fanin::ledger {

// How an instruction leaves its block, as far as it changes the call path.
enum class Exit : std::uint8_t {
  kNone,  // goes on or jumps
  kCall,
  kReturn,
  kInterruptReturn,
};

Exit exit_of(std::span<const std::uint8_t> instruction) noexcept;

std::optional<Marker> marker_of(std::span<const std::uint8_t> instruction) noexcept;

// The offset of the stack pointer in task_struct, if this is the instruction of __switch_to_asm that loads it: `mov
// offset(%rsi),%rsp`, where rsi is the next task.
std::optional<std::int32_t> stack_switch_of(std::span<const std::uint8_t> instruction) noexcept;

}  // namespace fanin::ledger
