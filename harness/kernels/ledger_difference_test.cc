#include "harness/kernels/ledger_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/kernels/ledger_fixture.h"
#include "harness/kernels/ledger_report.h"

namespace fanin::harness {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<Frame> kFramesOfBase{
    {-1, "[user]", 0},          {0, "main", 100},   {-1, "entry_SYSCALL_64", 20}, {2, "tcp_sendmsg", 300},
    {3, "enqueue_entity", 400}, {3, "tcp_old", 50}, {3, "kfree_skb", 5}};
const std::vector<Frame> kFramesOfNow{{-1, "[user]", 0},       {0, "main", 100},           {-1, "entry_SYSCALL_64", 25},
                                      {2, "tcp_sendmsg", 290}, {3, "enqueue_entity", 330}, {3, "tcp_new", 50},
                                      {3, "pick_eevdf", 190}};

CellDifference make_difference(std::uint64_t now_requests = 10) {
  return compare_ledger_cells(make_counted_cell("echo/epoll/1", "6.1", kFramesOfBase),
                              make_counted_cell("echo/epoll/1", "6.12", kFramesOfNow, now_requests));
}

// Would catch: a change that is shown twice, or lost between the rows.
TEST(LedgerDifference, EverySumIsTheTotalOnBothSides) {
  const CellDifference difference = make_difference();
  const auto sums = [](const auto& changes) {
    std::pair<std::uint64_t, std::uint64_t> sum;
    for (const auto& each : changes) {
      sum.first += each.base;
      sum.second += each.now;
    }
    return sum;
  };
  const std::pair<std::uint64_t, std::uint64_t> total{875, 985};
  EXPECT_EQ(std::pair(difference.total.base, difference.total.now), total);
  EXPECT_EQ(sums(difference.parts), total);
  EXPECT_EQ(sums(difference.subsystems), total);
  EXPECT_EQ(sums(difference.functions), total);
}

TEST(LedgerDifference, TheLargestChangeComesFirst) {
  std::vector<std::string> names;
  for (const FunctionChange& each : make_difference().functions) {
    names.push_back(each.label());
  }
  EXPECT_THAT(names, ElementsAre("pick_eevdf (new)", "enqueue_entity", "tcp_sendmsg", "entry_SYSCALL_64",
                                 "kfree_skb (gone)", "main", "tcp_old -> tcp_new"));
}

// Would catch: a difference that is lost in the rounding of a large count, or made by it.
TEST(LedgerDifference, OneInstructionIsADifferenceAndNoneIsNone) {
  CellDifference difference;
  difference.base_requests = difference.now_requests = 3;
  EXPECT_GT(difference.change(9'007'199'254'740'993, 9'007'199'254'740'994), 0);
  EXPECT_EQ(difference.change(9'007'199'254'740'993, 9'007'199'254'740'993), 0);
  difference.now_requests = 6;
  EXPECT_EQ(difference.change(7, 14), 0);
  EXPECT_LT(difference.change(7, 13), 0);
}

TEST(LedgerDifference, OptionsThatMatterComeFirst) {
  const ConfigDifference difference =
      compare_configs({{"CONFIG_HZ", "250"}, {"CONFIG_PSI", "y"}, {"CONFIG_USB", "m"}, {"CONFIG_NUMA", "y"}},
                      {{"CONFIG_HZ", "1000"}, {"CONFIG_USB", "y"}, {"CONFIG_SMC", "m"}, {"CONFIG_NUMA", "y"}});
  EXPECT_THAT(difference.matter, ElementsAre("CONFIG_HZ: 250 -> 1000", "CONFIG_PSI: y -> unset"));
  EXPECT_EQ(difference.others, 2U);
}

// Would catch: mitigations that look switched off and on because their options were renamed.
TEST(LedgerDifference, ARenamedOptionIsNoDifference) {
  const ConfigDifference difference =
      compare_configs({{"CONFIG_RETPOLINE", "y"}, {"CONFIG_CPU_SRSO", "y"}, {"CONFIG_SLS", "y"}},
                      {{"CONFIG_MITIGATION_RETPOLINE", "y"}, {"CONFIG_MITIGATION_SRSO", "y"}});
  EXPECT_THAT(difference.matter, ElementsAre("CONFIG_MITIGATION_SLS: y -> unset"));
  EXPECT_EQ(difference.others, 0U);
}

TEST(LedgerReport, ACellSaysWhatChangedAndWhere) {
  EXPECT_EQ(describe_cell_difference(make_difference(), 2),
            "echo/epoll/1: 87.5 -> 98.5 instructions per request, +11.0 (+12.6 %)\n"
            "  where      server syscall +11.0\n"
            "  subsystems scheduler +12.0, sockets/TCP -1.5, entry/exit +0.5\n"
            "         +19.0  scheduler         pick_eevdf (new)\n"
            "            -7  scheduler         enqueue_entity\n"
            "            -1  3 other functions\n");
}

TEST(LedgerReport, ACellWithoutAChangeSaysSo) {
  const Json cell = make_counted_cell("echo/epoll/1", "6.1", kFramesOfBase);
  EXPECT_EQ(describe_cell_difference(compare_ledger_cells(cell, cell)),
            "echo/epoll/1: 87.5 -> 87.5 instructions per request, no change\n"
            "  where      none\n"
            "  subsystems none\n");
}

// Would catch: a cell that one kernel cannot run, left out without a word, or compared all the same.
TEST(LedgerReport, TellsWhyCellsHaveNoCounts) {
  const Json ledger = make_ledger(
      {make_kernel("6.1", {{"CONFIG_HZ", "250"}}), make_kernel("6.12", {{"CONFIG_HZ", "1000"}})},
      {make_counted_cell("echo/epoll/1", "6.1", kFramesOfBase), make_counted_cell("echo/epoll/1", "6.12", kFramesOfNow),
       make_uncounted_cell("echo/io-uring/1", "6.1", "unsupported", "no io_uring"),
       make_counted_cell("echo/io-uring/1", "6.12", kFramesOfNow)});
  const std::string text = describe_ledger(ledger);
  EXPECT_THAT(text, AllOf(HasSubstr("instructions per request           6.1          6.12\n"
                                    "echo/epoll/1                      87.5          98.5\n"
                                    "echo/io-uring/1                      -          98.5\n"
                                    "  unsupported on 6.1: no io_uring: echo/io-uring/1\n"),
                          HasSubstr("6.12 compared with 6.1\nConfiguration: CONFIG_HZ: 250 -> 1000\n"),
                          HasSubstr("\necho/epoll/1: 87.5 -> 98.5"), Not(HasSubstr("\necho/io-uring/1: "))));
  EXPECT_THAT(text, HasSubstr("Instructions are not time"));
}

// Would catch: rows that leave instructions out, or a cell that one kernel alone has counted.
TEST(LedgerDifferences, HoldEveryInstructionOfTheCellsThatBothCounted) {
  const Json ledger = make_ledger(
      {make_kernel("6.1", {{"CONFIG_HZ", "250"}, {"CONFIG_X", "y"}}), make_kernel("6.12", {{"CONFIG_HZ", "1000"}})},
      {make_counted_cell("echo/epoll/1", "6.1", kFramesOfBase), make_counted_cell("echo/epoll/1", "6.12", kFramesOfNow),
       make_uncounted_cell("echo/io-uring/1", "6.1", "unsupported", "no io_uring"),
       make_counted_cell("echo/io-uring/1", "6.12", kFramesOfNow)});
  const Json& differences = ledger["differences"];
  ASSERT_EQ(differences.size(), 1);
  EXPECT_EQ(differences[0]["base"], "6.1");
  EXPECT_EQ(differences[0]["kernel"], "6.12");
  EXPECT_EQ(differences[0]["configuration"], (Json{{"matter", {"CONFIG_HZ: 250 -> 1000"}}, {"others", 1}}));
  ASSERT_EQ(differences[0]["cells"].size(), 1);
  std::uint64_t base = 0;
  std::uint64_t now = 0;
  for (const Json& row : differences[0]["cells"][0]["functions"]) {
    base += row["base"].get<std::uint64_t>();
    now += row["now"].get<std::uint64_t>();
  }
  EXPECT_EQ(base, ledger["cells"][0]["instructions"]);
  EXPECT_EQ(now, ledger["cells"][1]["instructions"]);
}

// Would catch: a scheduling mode that one seed has and another has not, taken for a property of the kernel.
TEST(LedgerReport, SeedsShowTheCellsInWhichProgramsRunInAnotherOrder) {
  Json ledger =
      make_ledger({make_kernel("6.1")}, {make_counted_cell("echo/epoll/1", "6.1", {{-1, "f", 1000}}),
                                         make_counted_cell("echo/poll/1", "6.1", {{-1, "f", 1000}}),
                                         make_uncounted_cell("echo/io-uring/1", "6.1", "unsupported", "no io_uring")});
  EXPECT_EQ(describe_seeds(ledger), "");
  for (const Json& cell : ledger["cells"]) {
    ledger["other_seeds"].push_back(make_total(cell, 3));
  }
  ledger["other_seeds"][0]["instructions"] = 1010;
  EXPECT_EQ(
      describe_seeds(ledger),
      "\nSeeds 1, 3: where the programs run in the same order, a cell differs by 1 % at most (echo/epoll/1 on 6.1)\n");
  ledger["other_seeds"][0]["switches"]["server"] = 20;
  EXPECT_EQ(
      describe_seeds(ledger),
      "\nSeeds 1, 3: where the programs run in the same order, a cell differs by 0 % at most (echo/poll/1 on 6.1)\n"
      "Some seeds schedule the programs in a different order:\n"
      "  echo/epoll/1 on 6.1: 100.0 to 101.0 instructions; switches per request, server 1.00 to 2.00\n");
  EXPECT_THAT(describe_ledger(ledger), HasSubstr("Seeds 1, 3: "));
}

TEST(LedgerReport, NumbersHaveThreeDigitsAtLeast) {
  EXPECT_EQ(format_instructions(32245.328), "32,245.3");
  EXPECT_EQ(format_instructions(0), "0.0");
  EXPECT_EQ(format_instruction_change(0.002), "+0.002");
  EXPECT_EQ(format_instruction_change(-1234.56), "-1,234.6");
  EXPECT_EQ(format_instruction_change(9.5), "+9.5");
  EXPECT_EQ(format_instruction_change(99.96), "+100.0");
}

}  // namespace
}  // namespace fanin::harness
