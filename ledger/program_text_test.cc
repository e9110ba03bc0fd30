#include "ledger/program_text.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "ledger/elf_fixture.h"

namespace fanin::ledger {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Would catch: code compared at the file's offset instead of the segment's address, or beyond the segment.
TEST(ProgramText, MatchesItsCodeWhereTheKernelMapsIt) {
  const ProgramText text(make_elf({1, 2, 3, 4}));
  EXPECT_TRUE(text.matches(kCodeAddress, Bytes{1, 2, 3, 4}));
  EXPECT_TRUE(text.matches(kCodeAddress + 2, Bytes{3}));
  EXPECT_FALSE(text.matches(kCodeAddress + 2, Bytes{1}));
  EXPECT_FALSE(text.matches(kCodeAddress + 3, Bytes{4, 5}));
  EXPECT_FALSE(text.matches(kCodeAddress - 1, Bytes{1}));
  EXPECT_FALSE(text.matches(kCodeAddress + 0x1000, Bytes{1}));
}

// Would catch: programs of linkers that align segments to 2 MiB, which the kernel maps lower.
TEST(ProgramText, TheBaseIsAlignedAsTheSegmentsAre) {
  const ProgramText text(make_elf({1, 2}, ET_DYN, 0x1000, 0x200000));
  EXPECT_TRUE(text.matches(0x555555401000, Bytes{1, 2}));
  EXPECT_FALSE(text.matches(kCodeAddress, Bytes{1, 2}));
}

// Would catch: a program that was linked to fixed addresses, mapped at a base.
TEST(ProgramText, FixedAddressesStay) {
  EXPECT_TRUE(ProgramText(make_elf({1, 2}, ET_EXEC, 0x401000)).matches(0x401000, Bytes{1, 2}));
}

// Would catch: reading beyond a file that is cut off, and a script given as the program.
TEST(ProgramText, RefusesOtherFiles) {
  Bytes file = make_elf({1, 2, 3, 4});
  file.pop_back();
  EXPECT_THROW(ProgramText{file}, std::invalid_argument);
  file.resize(70);
  EXPECT_THROW(ProgramText{file}, std::invalid_argument);
  file.resize(10);
  EXPECT_THROW(ProgramText{file}, std::invalid_argument);
  EXPECT_THROW(ProgramText(Bytes{'#', '!', '/', 'b'}), std::invalid_argument);
  EXPECT_THROW(ProgramText(Bytes{}), std::invalid_argument);
  EXPECT_THROW(ProgramText(make_elf({1}, ET_REL)), std::invalid_argument);
}

// Would catch: a task given to a program by code that both have, such as the start-up code of the C library.
TEST(Programs, OnlyCodeOfOneProgramTells) {
  const Programs programs{ProgramText(make_elf({9, 1, 7})), ProgramText(make_elf({9, 2, 7}))};
  EXPECT_EQ(programs.find(kCodeAddress, Bytes{9}), std::nullopt);
  EXPECT_EQ(programs.find(kCodeAddress, Bytes{9, 1}), Program::kServer);
  EXPECT_EQ(programs.find(kCodeAddress + 1, Bytes{2}), Program::kGenerator);
  EXPECT_EQ(programs.find(kCodeAddress, Bytes{8}), std::nullopt);
  EXPECT_EQ(programs.find(0x7ffff7e00000, Bytes{9, 1}), std::nullopt);
  EXPECT_EQ(programs.find(0x401000, Bytes{9}), Program::kInit);
}

}  // namespace
}  // namespace fanin::ledger
