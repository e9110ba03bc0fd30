#include "harness/ab/count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/kernels/ledger_fixture.h"

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const AbOptions kSides{.base = "build/a", .now = "build/b"};

Json make_side(const std::vector<Json>& cells) { return make_ledger({make_kernel("6.12")}, cells); }

// All of it in one function of the server's user code.
Json make_count(const std::string& id, std::uint64_t instructions) {
  Json cell = make_counted_cell(id, "6.12", {{-1, "consume", instructions}});
  cell["functions"][0]["context"] = "user";
  return cell;
}

Cell parse_cell(const std::string& workload) {
  const Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"warmup":"100ms",
          "servers":[{"name":"s","model":"epoll"}],"experiments":[{"name":"x","servers":["s"],"workload":)" +
      workload + R"(,"sweep":{"parameter":"connections","values":[1]}}]})");
  return make_cells(parse_suite(document, "s.json")).front();
}

// Would catch: a cell of a duration that runs for minutes in a guest, or ends before its window is full.
TEST(Count, CellsEndByANumberOfRequests) {
  const Cell cell = count_requests_of(parse_cell(R"({"protocol":"echo"})"));
  EXPECT_TRUE(cell.workload.counts_requests());
  EXPECT_THAT(cell.workload.load_arguments(), ::testing::Contains("750"));
  EXPECT_EQ(cell.warmup.length.count(), 0);
  const Cell own = count_requests_of(parse_cell(R"({"protocol":"echo","requests":2000})"));
  EXPECT_THAT(own.workload.load_arguments(), ::testing::Contains("2000"));
}

// Would catch: a band, or a rounding, that lets an instruction pass.
TEST(Count, OneInstructionDecides) {
  const Json base = make_side({make_count("echo/epoll/1", 100'000)});
  const auto exit_code = [&](std::uint64_t instructions, const AbOptions& options) {
    return compare_counts(base, make_side({make_count("echo/epoll/1", instructions)}), options).judgement.exit_code();
  };
  EXPECT_EQ(exit_code(100'000, kSides), ExitCode::kPassed);
  EXPECT_EQ(exit_code(100'010, kSides), ExitCode::kRegression);  // one more for each of ten requests
  EXPECT_EQ(exit_code(99'990, kSides), ExitCode::kPassed);
  AbOptions wide = kSides;
  wide.bands = {"0.1%"};
  EXPECT_EQ(exit_code(100'010, wide), ExitCode::kPassed);
}

// The bug: -4 of 1,640 instructions by an option that no request uses: the server slept in 12 of 100 requests fewer.
TEST(Count, AnotherOrderOfThePrograms) {
  const auto compare = [](std::uint64_t instructions, std::uint64_t switches) {
    Json now = make_count("churn/epoll/1", instructions);
    now["switches"]["server"] = switches;  // of ten requests
    return compare_counts(make_side({make_count("churn/epoll/1", 100'000)}), make_side({now}), kSides).judgement;
  };
  const Judgement few = compare(100'040, 9);
  EXPECT_EQ(few.metrics.front().verdict, Verdict::kUndecided);
  EXPECT_THAT(few.notes, ElementsAre(HasSubstr("churn/epoll/1: the server's own instructions are undecided")));
  EXPECT_EQ(compare(100'040, 10).metrics.front().verdict, Verdict::kWorse);
  EXPECT_EQ(compare(102'000, 9).metrics.front().verdict, Verdict::kWorse);  // more than waits explain
  EXPECT_EQ(compare(100'000, 9).metrics.front().verdict, Verdict::kEquivalent);
}

// Would catch: a band of one metric that lets changes of the other pass, or one of a run's metric that is ignored.
TEST(Count, EachMetricHasABandOfItsOwn) {
  const auto exit_code = [](std::uint64_t instructions, const std::vector<std::string>& bands) {
    AbOptions options = kSides;
    options.bands = bands;
    return compare_counts(make_side({make_count("echo/epoll/1", 100'000)}),
                          make_side({make_count("echo/epoll/1", instructions)}), options)
        .judgement.exit_code();
  };
  EXPECT_EQ(exit_code(100'010, {"server_user_instructions_per_request=0.1%"}), ExitCode::kPassed);
  EXPECT_EQ(exit_code(100'010, {"instructions_per_request=1%"}), ExitCode::kRegression);  // one of the server's own
  EXPECT_EQ(exit_code(101'500, {"server_user_instructions_per_request=2%"}), ExitCode::kRegression);
  EXPECT_EQ(exit_code(101'500, {"server_user_instructions_per_request=2%", "instructions_per_request=2%"}),
            ExitCode::kPassed);
  EXPECT_THROW(exit_code(100'000, {"throughput_per_s=1%"}), std::invalid_argument);
}

// Would catch: a verdict that half a request at the end of a window decides, or moved interrupts.
TEST(Count, WhatIsNoChangeOfTheServerDecidesNothing) {
  const auto cell = [](std::uint64_t user, std::uint64_t kernel) {
    Json each = make_counted_cell("echo/epoll/1", "6.12", {{-1, "consume", user}, {-1, "tcp_ack", kernel}});
    for (Json& row : each["functions"]) {
      row["context"] = row.at("name") == "consume" ? "user" : "syscall";
    }
    return each;
  };
  const auto compare = [&](const Json& now) {
    return compare_counts(make_side({cell(1000, 99'000)}), make_side({now}), kSides).judgement.exit_code();
  };
  EXPECT_EQ(compare(cell(1004, 99'000)), ExitCode::kPassed);      // 0.4 of an instruction per request
  EXPECT_EQ(compare(cell(1010, 98'500)), ExitCode::kRegression);  // one, and fewer in the kernel
  // The bug: a regression of +0.24 % by --drain-timeout, which no request uses.
  EXPECT_EQ(compare(cell(1000, 99'900)), ExitCode::kPassed);
  EXPECT_EQ(compare(cell(1000, 100'200)), ExitCode::kRegression);
}

// Would catch: a gate that reports a regression where a window holds a tick of the clock more.
TEST(Count, TimerInterruptsDecideNothing) {
  const auto side = [](std::uint64_t ticks) {
    Json cell = make_counted_cell("echo/epoll/1", "6.12",
                                  {{-1, "entry_SYSCALL_64", 1000}, {0, "asm_sysvec_apic_timer_interrupt", ticks}});
    cell["functions"][0]["context"] = "interrupt";  // the fixture has all in a system call
    cell["split"] = Json::array({{{"program", "server"}, {"context", "syscall"}, {"instructions", 1000}},
                                 {{"program", "server"}, {"context", "interrupt"}, {"instructions", ticks}}});
    return make_side({cell});
  };
  EXPECT_EQ(compare_counts(side(1), side(2), kSides).judgement.exit_code(), ExitCode::kPassed);
}

// Would catch: a gate that passes although a cell of base failed, or fails where a model is not there on either side.
TEST(Count, AFailedCellFailsAndAnUnsupportedOneIsANote) {
  const Json good = make_count("echo/epoll/1", 1000);
  const auto compare = [&](const char* base, const char* now) {
    const auto side = [&](const char* status) {
      return make_side({good, *status == '\0' ? make_count("echo/x/1", 1)
                                              : make_uncounted_cell("echo/x/1", "6.12", status, "because")});
    };
    return compare_counts(side(base), side(now), kSides).judgement;
  };
  EXPECT_EQ(compare("failed", "").exit_code(), ExitCode::kFailed);
  EXPECT_EQ(compare("", "failed").exit_code(), ExitCode::kFailed);
  EXPECT_EQ(compare("failed", "failed").faults.size(), 1U);
  const Judgement unsupported = compare("unsupported", "unsupported");
  EXPECT_EQ(unsupported.exit_code(), ExitCode::kPassed);
  EXPECT_THAT(unsupported.notes, ElementsAre("echo/x/1: not counted: base: because"));
  EXPECT_THAT(unsupported.faults, IsEmpty());
  const Json none = make_side({make_uncounted_cell("echo/x/1", "6.12", "unsupported", "because")});
  EXPECT_EQ(compare_counts(none, none, kSides).judgement.exit_code(), ExitCode::kUndecided);
}

// Would catch: a verdict document that an export refuses, or a text that does not name the function.
TEST(Count, ItsVerdictsAreADocumentAndAText) {
  const Json base = make_side({make_count("echo/epoll/1", 100'000)});
  const LedgerComparison worse = compare_counts(base, make_side({make_count("echo/epoll/1", 100'010)}), kSides);
  const Json document = judgement_to_json(worse.judgement);
  const Judgement read = judgement_from_json(JsonReader(document, "v.json"));
  EXPECT_EQ(read.kind, "ab");
  EXPECT_EQ(read.now, "build/b");
  EXPECT_THAT(describe_counts(worse), HasSubstr("+1  worse\n"));
  EXPECT_THAT(describe_counts(worse), HasSubstr("consume"));
  EXPECT_THAT(describe_counts(compare_counts(base, base, kSides)), HasSubstr("0.0  equal\n"));
}

}  // namespace
}  // namespace fanin::harness
