#include "ledger/instructions.h"

#include <gtest/gtest.h>

#include <vector>

namespace fanin::ledger {
namespace {

using Bytes = std::vector<std::uint8_t>;

[[gnu::noinline]] void execute_reply_marker() { mark<Marker::kReply>(); }

// Would catch: a marker whose bytes an assembler or a compiler writes otherwise than the plugin expects.
TEST(Marker, IsFoundInTheCodeThatTheCompilerMade) {
#if defined(__x86_64__)
  execute_reply_marker();
  const auto* const code = reinterpret_cast<const std::uint8_t*>(&execute_reply_marker);
  bool found = false;
  for (std::size_t i = 0; i < 16 && !found; ++i) {  // after the frame's set-up
    found = marker_of({code + i, 8}) == Marker::kReply;
  }
  EXPECT_TRUE(found);
#endif
}

// Would catch: other no-ops of eight bytes, which compilers use as padding, counted as replies.
TEST(Marker, OtherNopsAreNone) {
  EXPECT_EQ(marker_of(Bytes{0x0f, 0x1f, 0x84, 0, 0x05, 0x17, 0xa4, 0x0f}), Marker::kCheckEnds);
  EXPECT_FALSE(marker_of(Bytes{0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(marker_of(Bytes{0x0f, 0x1f, 0x84, 0, 0x00, 0x17, 0xa4, 0x0f}));
  EXPECT_FALSE(marker_of(Bytes{0x0f, 0x1f, 0x84, 0, 0x06, 0x17, 0xa4, 0x0f}));
  EXPECT_FALSE(marker_of(Bytes{0x0f, 0x1f, 0x84, 0x01, 0x05, 0x17, 0xa4, 0x0f}));
  EXPECT_FALSE(marker_of(Bytes{0x0f, 0x1f, 0x84}));
}

// Would catch: calls that compilers and the kernel pad with prefixes, missed: the callee then replaces its caller.
TEST(Exit, CallsAreFoundBehindPrefixes) {
  EXPECT_EQ(exit_of(Bytes{0xe8, 1, 2, 3, 4}), Exit::kCall);
  EXPECT_EQ(exit_of(Bytes{0xff, 0xd0}), Exit::kCall);                       // call *%rax
  EXPECT_EQ(exit_of(Bytes{0x41, 0xff, 0xd3}), Exit::kCall);                 // call *%r11
  EXPECT_EQ(exit_of(Bytes{0xff, 0x14, 0xc5, 0, 0, 0, 0x81}), Exit::kCall);  // call *table(,%rax,8)
  EXPECT_EQ(exit_of(Bytes{0x2e, 0xe8, 1, 2, 3, 4}), Exit::kCall);
  EXPECT_EQ(exit_of(Bytes{0x3e, 0x41, 0xff, 0xd3}), Exit::kCall);  // notrack
}

// Would catch: indirect jumps and pushes, of the same group of opcodes, taken for calls.
TEST(Exit, JumpsAreNoCalls) {
  EXPECT_EQ(exit_of(Bytes{0xff, 0xe0}), Exit::kNone);
  EXPECT_EQ(exit_of(Bytes{0xff, 0x75, 0x10}), Exit::kNone);
  EXPECT_EQ(exit_of(Bytes{0xe9, 1, 2, 3, 4}), Exit::kNone);
  EXPECT_EQ(exit_of(Bytes{0x74, 0xe8}), Exit::kNone);
  EXPECT_EQ(exit_of(Bytes{0x0f, 0x05}), Exit::kNone);
  EXPECT_EQ(exit_of(Bytes{0xff}), Exit::kNone);
  EXPECT_EQ(exit_of(Bytes{}), Exit::kNone);
}

// Would catch: `repz ret` and the 64-bit interrupt return missed.
TEST(Exit, ReturnsAreFound) {
  EXPECT_EQ(exit_of(Bytes{0xc3}), Exit::kReturn);
  EXPECT_EQ(exit_of(Bytes{0xf3, 0xc3}), Exit::kReturn);
  EXPECT_EQ(exit_of(Bytes{0xc2, 8, 0}), Exit::kReturn);
  EXPECT_EQ(exit_of(Bytes{0x48, 0xcf}), Exit::kInterruptReturn);
}

// Would catch: the load of another register, or the store of the old stack pointer, taken for the switch.
TEST(StackSwitch, IsTheLoadFromTheNextTask) {
  EXPECT_EQ(stack_switch_of(Bytes{0x48, 0x8b, 0xa6, 0x18, 0x1b, 0, 0}), 0x1b18);
  EXPECT_FALSE(stack_switch_of(Bytes{0x48, 0x89, 0xa7, 0x18, 0x1b, 0, 0}));
  EXPECT_FALSE(stack_switch_of(Bytes{0x48, 0x8b, 0x9e, 0x18, 0x1b, 0, 0}));
}

}  // namespace
}  // namespace fanin::ledger
