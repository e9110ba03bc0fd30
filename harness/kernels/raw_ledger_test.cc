#include "harness/kernels/raw_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace fanin::harness {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kWhole =
    "fanin-ledger-raw 1\n"
    "check 1234\n"
    "cell 0 500 60\n"
    "switches server 500\n"
    "switches kernel 3\n"
    "node 0 - server u 555555554000 10\n"
    "node 1 - server k ffffffff81000000 20\n"
    "node 2 1 server k ffffffff81000100 30\n"
    "cell 2 7 0\n"
    "end\n";

// What is wrong with a text; "accepted" where nothing is.
std::string raw_complaint(std::string_view text) {
  try {
    parse_raw_ledger(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

// The whole text with `old` replaced.
std::string changed(std::string_view old, std::string_view now) {
  std::string text(kWhole);
  return text.replace(text.find(old), old.size(), now);
}

TEST(RawLedger, IsReadAsWritten) {
  const RawLedger ledger = parse_raw_ledger(kWhole);
  EXPECT_EQ(ledger.check, 1234U);
  ASSERT_EQ(ledger.cells.size(), 2U);
  const RawCell& cell = ledger.cells.front();
  EXPECT_EQ(cell.requests, 500U);
  EXPECT_EQ(cell.total, 60U);
  EXPECT_THAT(cell.switches, UnorderedElementsAre(Pair(Program::kServer, 500U), Pair(Program::kKernel, 3U)));
  ASSERT_EQ(cell.nodes.size(), 3U);
  EXPECT_TRUE(cell.nodes[0].user);
  EXPECT_EQ(cell.nodes[0].address, 0x555555554000U);
  EXPECT_EQ(cell.nodes[1].parent, -1);
  EXPECT_EQ(cell.nodes[2].parent, 1);
  EXPECT_EQ(ledger.cells.back().index, 2U);
  EXPECT_EQ(ledger.cells.back().requests, 7U);
}

// Would catch: a boot that was ended while the plugin wrote, whose last cells would look as if they were cheap.
TEST(RawLedger, EveryTruncationIsRefusedInOneLine) {
  for (std::size_t length = 0; length < kWhole.size(); ++length) {
    EXPECT_THAT(raw_complaint(kWhole.substr(0, length)),
                AllOf(testing::StartsWith("raw ledger: "), Not(HasSubstr("\n"))))
        << length;
  }
  EXPECT_THAT(raw_complaint(kWhole.substr(0, kWhole.size() - 4)), HasSubstr("truncated after line 9"));
}

// Would catch: a count that was lost or changed on its way, so that functions do not add up to the total.
TEST(RawLedger, NodesMustAddUpToTheTotal) {
  EXPECT_THAT(raw_complaint(changed("100 30", "100 31")),
              HasSubstr("the nodes of cell 0 have 61 instructions, its total is 60"));
  EXPECT_THAT(raw_complaint(changed("cell 2 7 0", "cell 2 7 1")), HasSubstr("cell 2"));
  // Sums that only fit because 64 bits overflow.
  EXPECT_THAT(raw_complaint(changed("4000 10", "4000 18446744073709551615")), HasSubstr("the nodes of cell 0"));
}

// Would catch: a corrupt line that is skipped, or read as another number.
TEST(RawLedger, CorruptLinesAreNamed) {
  EXPECT_THAT(raw_complaint(changed("500 60", "5x0 60")), HasSubstr("line 3: '5x0' is no number"));
  EXPECT_THAT(raw_complaint(changed("500 60", "-500 60")), HasSubstr("line 3"));
  EXPECT_THAT(raw_complaint(changed("500 60", "500  60")), HasSubstr("has 5 words, expected 4"));
  EXPECT_THAT(raw_complaint(changed("check 1234", "check 18446744073709551616")), HasSubstr("is no number"));
  EXPECT_THAT(raw_complaint(changed("switches kernel", "switches kernal")), HasSubstr("'kernal' is no program"));
  EXPECT_THAT(raw_complaint(changed("switches kernel", "switches server")), HasSubstr("twice"));
  EXPECT_THAT(raw_complaint(changed("node 1 - server k", "node 1 - server x")), HasSubstr("neither k nor u"));
  EXPECT_THAT(raw_complaint(changed("node 2 1", "node 3 1")), HasSubstr("node 3, expected 2"));
  EXPECT_THAT(raw_complaint(changed("cell 2 7", "cell 0 7")), HasSubstr("cell 0 follows cell 0"));
  EXPECT_THAT(raw_complaint(changed("check 1234", "chek 1234")), HasSubstr("unknown word 'chek'"));
  EXPECT_THAT(raw_complaint(changed("raw 1", "raw 2")), HasSubstr("does not begin with"));
  EXPECT_THAT(raw_complaint(changed("cell 0 500 60\n", "")), HasSubstr("line 3: no cell begins before it"));
  EXPECT_THAT(raw_complaint(std::string(kWhole) + "node\n"), HasSubstr("text after the end"));
}

// Would catch: a parent that comes later or is user code, by which the tree would have a loop or no root.
TEST(RawLedger, ParentsAreEarlierKernelFunctions) {
  EXPECT_THAT(raw_complaint(changed("node 2 1", "node 2 2")), HasSubstr("node 2 cannot have node 2 as its parent"));
  EXPECT_THAT(raw_complaint(changed("node 2 1", "node 2 0")), HasSubstr("node 2 cannot have node 0 as its parent"));
  EXPECT_THAT(raw_complaint(changed("node 0 -", "node 0 0")), HasSubstr("node 0 cannot have"));
}

}  // namespace
}  // namespace fanin::harness
