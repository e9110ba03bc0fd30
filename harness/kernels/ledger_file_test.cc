#include "harness/kernels/ledger_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "harness/kernels/ledger_fixture.h"

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;

Json load_environment() { return load_json(FANIN_TESTDATA "/run.json").at("environment").at("start"); }

Json make_valid_ledger() {
  return make_ledger({make_kernel("6.1")},
                     {make_counted_cell("echo/epoll/1", "6.1", {{-1, "a", 3}, {0, "b", 4}}),
                      make_uncounted_cell("echo/io-uring/1", "6.1", "unsupported", "no io_uring")},
                     load_environment());
}

std::string ledger_complaint(const Json& ledger) {
  try {
    check_ledger(JsonReader(ledger, "l.json"));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

// The same with another value at a place.
std::string complaint_with(const char* place, const Json& value) {
  Json ledger = make_valid_ledger();
  ledger[Json::json_pointer(place)] = value;
  return ledger_complaint(ledger);
}

TEST(LedgerFile, AWholeOneIsAccepted) { EXPECT_EQ(ledger_complaint(make_valid_ledger()), "accepted"); }

// Would catch: a figure that was changed by hand, or a part that was lost.
TEST(LedgerFile, EverySumMustBeTheTotal) {
  EXPECT_THAT(complaint_with("/cells/0/split/0/instructions", 8),
              HasSubstr("/cells/0/split: adds up to 8 instructions, but the cell has 7"));
  EXPECT_THAT(complaint_with("/cells/0/functions/0/instructions", 2), HasSubstr("/cells/0/functions: adds up to 6"));
  EXPECT_THAT(complaint_with("/cells/0/paths/nodes/1/3", 5), HasSubstr("/cells/0/paths/nodes: adds up to 8"));
  EXPECT_THAT(complaint_with("/cells/0/instructions_per_request", 0.8), HasSubstr("instructions_per_request"));
}

TEST(LedgerFile, NamesAndCallersExist) {
  EXPECT_THAT(complaint_with("/cells/0/paths/nodes/1/0", 1), HasSubstr("/cells/0/paths/nodes/1: its caller"));
  EXPECT_THAT(complaint_with("/cells/0/paths/nodes/1/1", 2), HasSubstr("/cells/0/paths/nodes/1: its caller"));
  EXPECT_THAT(complaint_with("/cells/0/kernel", "6.2"), HasSubstr("is none of the kernels"));
  EXPECT_THAT(complaint_with("/cells/1/id", "echo/epoll/1"), HasSubstr("is there twice on 6.1"));
}

// Would catch: a difference that was changed by hand, or is of a cell that was not counted.
TEST(LedgerFile, BothSidesOfADifferenceAreTheTotals) {
  const Json ledger = make_ledger({make_kernel("6.1"), make_kernel("6.12", {{"CONFIG_HZ", "250"}})},
                                  {make_counted_cell("echo/epoll/1", "6.1", {{-1, "a", 3}}),
                                   make_counted_cell("echo/epoll/1", "6.12", {{-1, "a", 5}})},
                                  load_environment());
  EXPECT_EQ(ledger_complaint(ledger), "accepted");
  Json changed = ledger;
  changed["differences"][0]["cells"][0]["functions"][0]["now"] = 4;
  EXPECT_THAT(ledger_complaint(changed),
              HasSubstr("/differences/0/cells/0/functions: adds up to 4 instructions, but the cell has 5"));
  changed = ledger;
  changed["differences"][0]["cells"][0]["id"] = "echo/poll/1";
  EXPECT_THAT(ledger_complaint(changed), HasSubstr("/differences/0/cells/0: 6.1 has not counted it"));
}

// Would catch: a seed that is counted twice, or totals of a cell that the ledger does not have.
TEST(LedgerFile, OtherSeedsHaveTheCellsOfTheLedger) {
  Json ledger = make_valid_ledger();
  const Json total = make_total(ledger["cells"][0], 2);
  ledger["other_seeds"] = Json::array({total});
  EXPECT_EQ(ledger_complaint(ledger), "accepted");
  ledger["other_seeds"] = Json::array({total, total});
  EXPECT_THAT(ledger_complaint(ledger), HasSubstr("/other_seeds/1/seed: is there twice"));
  ledger["other_seeds"] = Json::array({make_total(ledger["cells"][0], 1)});
  EXPECT_THAT(ledger_complaint(ledger), HasSubstr("/other_seeds/0/seed: is there twice"));
  ledger["other_seeds"] = Json::array({total});
  ledger["other_seeds"][0]["id"] = "echo/poll/1";
  EXPECT_THAT(ledger_complaint(ledger), HasSubstr("/other_seeds/0: the ledger has no such cell"));
}

// Would catch: a failed cell that has figures, or none that says why.
TEST(LedgerFile, OnlyACellThatIsOkHasCounts) {
  EXPECT_THAT(complaint_with("/cells/1/status", "ok"), HasSubstr("/cells/1"));
  EXPECT_THAT(complaint_with("/cells/1/reason", nullptr), HasSubstr("/cells/1/reason"));
  EXPECT_THAT(complaint_with("/cells/0/requests", 0), HasSubstr("/cells/0/requests"));
}

}  // namespace
}  // namespace fanin::harness
