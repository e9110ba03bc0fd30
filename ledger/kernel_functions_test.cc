#include "ledger/kernel_functions.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace fanin::ledger {
namespace {

constexpr std::string_view kSymbols =
    "ffffffff81000000 _stext\n"
    "ffffffff81000100 __switch_to_asm\n"
    "ffffffff81000200 tcp_sendmsg\n"
    "ffffffff81a00000 entry_SYSCALL_64\n"
    "ffffffff81a00040 entry_SYSCALL_64_after_hwframe\n"
    "ffffffff81a00200 irq_entries_start\n"
    "ffffffff81a00300 asm_sysvec_apic_timer_interrupt\n"
    "ffffffff81a00400 asm_exc_page_fault\n"
    "ffffffff81a00500 asm_load_gs_index\n"
    "ffffffff81a00600 do_task_dead\n";

// Would catch: an address of a function's first or last byte given to its neighbour.
TEST(KernelFunctions, AnAddressBelongsToTheSymbolBefore) {
  KernelFunctions functions(kSymbols);
  EXPECT_EQ(functions.find(0xffffffff81000200).address, 0xffffffff81000200);
  EXPECT_EQ(functions.find(0xffffffff810001ff).address, 0xffffffff81000100);
  EXPECT_EQ(functions.find(0xffffffff81000201).address, 0xffffffff81000200);
}

// Would catch: an inner label of an entry, or any other asm_ function, that pushes an entry of its own.
TEST(KernelFunctions, EntriesAreKnownByName) {
  KernelFunctions functions(kSymbols);
  for (const std::uint64_t entry : {0x000U, 0x200U, 0x300U, 0x400U}) {
    EXPECT_TRUE(functions.find(0xffffffff81a00000 + entry).is_entry) << entry;
  }
  EXPECT_FALSE(functions.find(0xffffffff81a00040).is_entry);
  EXPECT_FALSE(functions.find(0xffffffff81a00500).is_entry);
  EXPECT_TRUE(functions.find(0xffffffff81a00200).is_stub);
  EXPECT_FALSE(functions.find(0xffffffff81a00300).is_stub);
  EXPECT_TRUE(functions.find(0xffffffff81a00600).is_task_end);
  EXPECT_TRUE(functions.find(0xffffffff81000100).is_switch);
}

// Would catch: code of BPF programs booked on the kernel's last symbol, or a function for each of its blocks.
TEST(KernelFunctions, CodeFarFromSymbolsIsOneFunction) {
  KernelFunctions functions(kSymbols);
  const Function& one = functions.find(0xffffffffc0001234);
  EXPECT_EQ(one.address, 0xffffffffc0000000);
  EXPECT_EQ(&functions.find(0xffffffffc00fffff), &one);
  EXPECT_NE(&functions.find(0xffffffffc0200000), &one);
  EXPECT_EQ(functions.find(0xffff888000001000).address, 0xffff888000000000);
}

// Would catch: of two names of an address, the one that matters lost, whichever comes first.
TEST(KernelFunctions, NamesOfOneAddressAreOneFunction) {
  KernelFunctions functions(
      "ffffffff81000100 __switch_to_asm\nffffffff81000000 alias\nffffffff81000000 asm_exc_debug\n");
  EXPECT_TRUE(functions.find(0xffffffff81000000).is_entry);
  EXPECT_EQ(functions.find(0xffffffff81000100).address, 0xffffffff81000100);
}

// Would catch: a kallsyms file whose addresses are hidden, or one with the type of each symbol, taken for symbols.
TEST(KernelFunctions, OtherTextIsRefused) {
  EXPECT_THROW(KernelFunctions(""), std::invalid_argument);
  EXPECT_THROW(KernelFunctions("ffffffff81000000 only_one\n"), std::invalid_argument);
  try {
    KernelFunctions("ffffffff81000100 __switch_to_asm\nnothing\n");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace fanin::ledger
