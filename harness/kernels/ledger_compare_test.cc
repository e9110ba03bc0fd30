#include "harness/kernels/ledger_compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "harness/kernels/ledger_fixture.h"

namespace fanin::harness {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

const CompareOptions kPlain{.base = {"a.json"}, .now = {"b.json"}};

Json one_cell(const std::string& kernel, std::uint64_t instructions) {
  return make_ledger({make_kernel(kernel)}, {make_counted_cell("echo/epoll/1", kernel, {{-1, "f", instructions}})});
}

// Would catch: a band that hides one instruction in a million, and a change in the wrong direction.
TEST(LedgerCompare, OneInstructionDecides) {
  const Json base = one_cell("6.12", 1'000'000);
  const Json more = one_cell("6.12", 1'000'001);
  const Json less = one_cell("6.12", 999'999);
  const auto exit_code = [&](const Json& now, const CompareOptions& options = kPlain) {
    return compare_ledgers(base, &now, options).judgement.exit_code();
  };
  EXPECT_EQ(exit_code(more), ExitCode::kRegression);
  EXPECT_EQ(exit_code(base), ExitCode::kPassed);
  EXPECT_EQ(exit_code(less), ExitCode::kPassed);
  EXPECT_EQ(compare_ledgers(base, &less, kPlain).judgement.metrics.front().verdict, Verdict::kBetter);
  CompareOptions wide = kPlain;
  wide.bands = {"1%"};
  EXPECT_EQ(exit_code(more, wide), ExitCode::kPassed);
}

// Would catch: a document that `fanin validate` or an export refuses.
TEST(LedgerCompare, TheVerdictsAreADocumentOfTheirKind) {
  const Json more = one_cell("6.12", 1'000'001);
  const Json document = judgement_to_json(compare_ledgers(one_cell("6.12", 1'000'000), &more, kPlain).judgement);
  const Judgement read = judgement_from_json(JsonReader(document, "v.json"));
  EXPECT_EQ(read.metrics.front().metric, "instructions_per_request");
  EXPECT_EQ(read.exit_code(), ExitCode::kRegression);
}

TEST(LedgerCompare, KernelsWithinOneLedgerAreComparedWithTheFirst) {
  const Json ledger = make_ledger({make_kernel("6.1"), make_kernel("6.6"), make_kernel("6.12")}, {});
  EXPECT_THAT(pair_kernels(ledger, nullptr), ElementsAre(Pair("6.1", "6.6"), Pair("6.1", "6.12")));
  EXPECT_THAT(pair_kernels(ledger, &ledger), ElementsAre(Pair("6.1", "6.1"), Pair("6.6", "6.6"), Pair("6.12", "6.12")));
  const Json one = one_cell("6.1", 1);
  const Json other = one_cell("6.12", 1);
  EXPECT_THAT(pair_kernels(one, &other), ElementsAre(Pair("6.1", "6.12")));
  EXPECT_THROW(pair_kernels(one, nullptr), std::invalid_argument);
  const Json strange = make_ledger({make_kernel("5.10"), make_kernel("5.15")}, {});
  EXPECT_THROW(pair_kernels(ledger, &strange), std::invalid_argument);
}

// The bug: "regression" for two kernels, of which the later one needs more instructions.
TEST(LedgerCompare, AKernelThatNeedsMoreIsNoRegression) {
  const Json ledger = make_ledger({make_kernel("6.1"), make_kernel("6.12")},
                                  {make_counted_cell("echo/epoll/1", "6.1", {{-1, "f", 1}}),
                                   make_counted_cell("echo/epoll/1", "6.12", {{-1, "f", 2}})});
  const LedgerComparison comparison = compare_ledgers(ledger, nullptr, {.base = {"a.json"}});
  const Json document = judgement_to_json(comparison.judgement);
  EXPECT_EQ(document["result"], "cells that changed: 0 with fewer instructions, 1 with more, 0 the same");
  EXPECT_EQ(describe_result(judgement_from_json(JsonReader(document, "v.json"))), document["result"]);
  EXPECT_THAT(describe_ledger_comparison(comparison), Not(HasSubstr("regression")));
}

// Would catch: a cell that the new side cannot run any more, and that nobody hears of.
TEST(LedgerCompare, ACellThatIsGoneFails) {
  const Json base = make_ledger({make_kernel("6.1")}, {make_counted_cell("echo/epoll/1", "6.1", {{-1, "f", 1}}),
                                                       make_counted_cell("echo/poll/1", "6.1", {{-1, "f", 1}}),
                                                       make_uncounted_cell("echo/select/1", "6.1", "failed", "panic")});
  const Json now = make_ledger({make_kernel("6.1")}, {make_uncounted_cell("echo/epoll/1", "6.1", "failed", "it hung"),
                                                      make_counted_cell("echo/select/1", "6.1", {{-1, "f", 1}}),
                                                      make_counted_cell("echo/thread/1", "6.1", {{-1, "f", 1}})});
  const LedgerComparison comparison = compare_ledgers(base, &now, kPlain);
  EXPECT_EQ(comparison.judgement.exit_code(), ExitCode::kFailed);
  EXPECT_THAT(describe_ledger_comparison(comparison),
              AllOf(HasSubstr("  echo/epoll/1: failed: it hung\n  echo/poll/1: missing: new has no such cell\n"
                              "  echo/select/1: failed in base: panic\n  echo/thread/1: only in new\n"),
                    HasSubstr("Counts are exact: any difference is real.\nfailed: 2 cells")));
}

// The bug: a kernel that one side alone has was left out without a word.
TEST(LedgerCompare, KernelsOfOneSideAreNamed) {
  const Json base = make_ledger({make_kernel("6.1"), make_kernel("6.12")},
                                {make_counted_cell("echo/epoll/1", "6.1", {{-1, "f", 1}}),
                                 make_counted_cell("echo/epoll/1", "6.12", {{-1, "f", 1}})});
  const Json now = make_ledger({make_kernel("6.6"), make_kernel("6.12")},
                               {make_counted_cell("echo/epoll/1", "6.6", {{-1, "f", 1}}),
                                make_counted_cell("echo/epoll/1", "6.12", {{-1, "f", 1}})});
  const Judgement judgement = compare_ledgers(base, &now, kPlain).judgement;
  EXPECT_THAT(judgement.notes, ElementsAre("6.6: only new has this kernel"));
  // The bug: "no regression" of a ledger that lacks a kernel of base.
  ASSERT_EQ(judgement.faults.size(), 1U);
  EXPECT_EQ(judgement.faults[0].cell, "6.1");
  EXPECT_EQ(judgement.faults[0].reason, "new has no such kernel");
  EXPECT_EQ(judgement.exit_code(), ExitCode::kFailed);
}

// Would catch: counts of another window, seed or generator that are taken for a change of the kernel.
TEST(LedgerCompare, WhatIsNotTheSameIsNotComparable) {
  const Json base = one_cell("6.12", 1);
  const auto obstacles_with = [&](const char* place, const Json& value, const CompareOptions& options = kPlain) {
    Json now = base;
    now[Json::json_pointer(place)] = value;
    return compare_ledgers(base, &now, options).judgement.obstacles;
  };
  EXPECT_THAT(obstacles_with("/seed", 1), IsEmpty());
  EXPECT_THAT(obstacles_with("/seed", 2), ElementsAre("seed differs: 1 and 2"));
  EXPECT_THAT(obstacles_with("/memory_mib", 128), IsEmpty());  // base is of an earlier version
  Json large = base;
  large["memory_mib"] = 512;
  Json small = base;
  small["memory_mib"] = 128;
  EXPECT_THAT(compare_ledgers(large, &small, kPlain).judgement.obstacles,
              ElementsAre("memory of the guests differs: 512 and 128"));
  EXPECT_THAT(obstacles_with("/window/skip", 3), ElementsAre(HasSubstr("window differs")));
  EXPECT_THAT(obstacles_with("/qemu/version", "8"), ElementsAre("QEMU differs: \"7.2.22\" and \"8\""));
  CompareOptions vary = kPlain;
  vary.vary = {"generator"};
  const char* const generator = "/environment/binaries/fanin-load_sha256";
  EXPECT_THAT(obstacles_with(generator, "ab"), ElementsAre("fanin-load binary differs: null and \"ab\""));
  EXPECT_THAT(obstacles_with(generator, "ab", vary), IsEmpty());
}

TEST(LedgerCompare, OtherMetricsAreRefused) {
  CompareOptions options = kPlain;
  options.metrics = {"throughput_per_s"};
  const Json ledger = one_cell("6.12", 1);
  EXPECT_THROW(compare_ledgers(ledger, &ledger, options), std::invalid_argument);
  for (const char* band : {"throughput_per_s=1%", "server_user_instructions_per_request=1%"}) {
    CompareOptions with_band = kPlain;
    with_band.bands = {band};
    EXPECT_THROW(compare_ledgers(ledger, &ledger, with_band), std::invalid_argument) << band;
  }
}

}  // namespace
}  // namespace fanin::harness
