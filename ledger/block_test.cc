#include "ledger/block.h"

#include <gtest/gtest.h>

#include "ledger/elf_fixture.h"

namespace fanin::ledger {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kSwitch = 0xffffffff81000100;
const Bytes kMarkerOfReplies{0x0f, 0x1f, 0x84, 0, 0x01, 0x17, 0xa4, 0x0f};
const Bytes kLoadStack{0x48, 0x8b, 0xa6, 0x18, 0x1b, 0, 0};

Translation translate_at(std::uint64_t address, const std::vector<Bytes>& instructions) {
  static KernelFunctions functions("ffffffff81000100 __switch_to_asm\nffffffff81000200 schedule\n");
  static const Programs programs{ProgramText(make_elf({0x90, 0xc3})), ProgramText(make_elf({0x90, 0xcc}))};
  std::vector<Instruction> located;
  for (const Bytes& each : instructions) {
    located.push_back({address, each});
    address += each.size();
  }
  return translate(located, functions, programs);
}

// Would catch: the end of a block, by which returns are matched, before its last instruction.
TEST(Translate, DescribesTheBlock) {
  const Block block = translate_at(kSwitch + 0x104, {{0x90}, {0xe8, 0, 0, 0, 0}}).block;
  EXPECT_EQ(block.start, kSwitch + 0x104);
  EXPECT_EQ(block.end, kSwitch + 0x10a);
  EXPECT_EQ(block.instructions, 2U);
  EXPECT_EQ(block.exit, Exit::kCall);
  ASSERT_FALSE(block.is_user());
  EXPECT_EQ(block.function->address, kSwitch + 0x100);
}

// Would catch: the whole block compared with the program by its first instruction alone.
TEST(Translate, RecognisesTheProgramByAllInstructions) {
  EXPECT_EQ(translate_at(kCodeAddress, {{0x90}}).block.program, std::nullopt);
  EXPECT_EQ(translate_at(kCodeAddress, {{0x90}, {0xc3}}).block.program, Program::kServer);
  EXPECT_EQ(translate_at(kCodeAddress, {{0x90}, {0xcc}}).block.program, Program::kGenerator);
}

// Would catch: the window opened at the block's begin instead of at the marker.
TEST(Translate, FindsMarkersInUserCode) {
  const Translation translation = translate_at(kCodeAddress, {{0x90}, kMarkerOfReplies, {0x90}});
  ASSERT_EQ(translation.markers.size(), 1U);
  EXPECT_EQ(translation.markers[0], (std::pair<std::size_t, Marker>(1, Marker::kReply)));
  EXPECT_FALSE(translation.stack_switch);
}

// Would catch: the same load in another function of the kernel taken for a task switch.
TEST(Translate, FindsTheStackSwitchInItsFunction) {
  const Translation translation = translate_at(kSwitch, {{0x55}, kLoadStack, {0xc3}});
  ASSERT_TRUE(translation.stack_switch);
  EXPECT_EQ(translation.stack_switch->index, 1U);
  EXPECT_EQ(translation.stack_switch->offset, 0x1b18);
  EXPECT_FALSE(translate_at(kSwitch + 0x100, {{0x55}, kLoadStack, {0xc3}}).stack_switch);
  EXPECT_FALSE(translate_at(kCodeAddress, {{0x55}, kLoadStack, {0xc3}}).stack_switch);
}

}  // namespace
}  // namespace fanin::ledger
