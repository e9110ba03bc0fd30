#include "ledger/block.h"

namespace fanin::ledger {
namespace {

std::vector<std::uint8_t> code_of(std::span<const Instruction> instructions) {
  std::vector<std::uint8_t> code;
  for (const Instruction& each : instructions) {
    code.insert(code.end(), each.bytes.begin(), each.bytes.end());
  }
  return code;
}

}  // namespace

Translation translate(std::span<const Instruction> instructions, KernelFunctions& functions, const Programs& programs) {
  const Instruction& last = instructions.back();
  Translation translation{.block = {.start = instructions.front().address,
                                    .end = last.address + last.bytes.size(),
                                    .instructions = instructions.size(),
                                    .exit = exit_of(last.bytes)}};
  Block& block = translation.block;
  if (is_kernel_address(block.start)) {
    block.function = &functions.find(block.start);
  } else {
    block.program = programs.find(block.start, code_of(instructions));
  }
  for (std::size_t i = 0; i < instructions.size(); ++i) {
    if (block.is_user()) {
      if (const auto marker = marker_of(instructions[i].bytes)) {
        translation.markers.emplace_back(i, *marker);
      }
    } else if (block.function->is_switch) {
      if (const auto offset = stack_switch_of(instructions[i].bytes)) {
        translation.stack_switch = {i, *offset};
      }
    }
  }
  return translation;
}

}  // namespace fanin::ledger
