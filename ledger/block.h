#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ledger/instructions.h"
#include "ledger/kernel_functions.h"
#include "ledger/program_text.h"

namespace fanin::ledger {

constexpr bool is_kernel_address(std::uint64_t address) noexcept { return address >> 63U != 0; }

struct Instruction {
  std::uint64_t address;
  std::span<const std::uint8_t> bytes;
};

// Instructions that the emulator translates together. They are executed in order, from the first; an exception may end
// them early.
struct Block {
  std::uint64_t start = 0;
  std::uint64_t end = 0;  // behind the last instruction
  std::uint64_t instructions = 0;
  Exit exit = Exit::kNone;
  const Function* function = nullptr;  // none: user code
  std::optional<Program> program;      // of user code, if it tells

  bool is_user() const noexcept { return function == nullptr; }
};

// A block, and the instructions in it that say more than that they are executed.
struct Translation {
  struct StackSwitch {
    std::size_t index;
    std::int32_t offset;
  };

  Block block;
  std::vector<std::pair<std::size_t, Marker>> markers;  // index of the instruction, marker
  std::optional<StackSwitch> stack_switch;
};

// Takes at least one instruction; they follow each other in memory.
Translation translate(std::span<const Instruction> instructions, KernelFunctions& functions, const Programs& programs);

}  // namespace fanin::ledger
