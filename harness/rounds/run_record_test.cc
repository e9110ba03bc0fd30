#include "harness/rounds/run_record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanin::harness {
namespace {

// A run of one block with a round of each status; "unsupported" cells have none.
int exit_code(const std::vector<std::string>& statuses) {
  const Json workload{{"protocol", "echo"}};
  RunRecord record;
  record.suite.repetitions = 1;
  for (const std::string& status : statuses) {
    const std::string id = "e/server/" + std::to_string(record.cells.size());
    record.cells.push_back({.id = id, .workload = Workload::parse(JsonReader(workload, "workload"))});
    if (status == "unsupported") {
      record.excluded[id] = {status, "not on this machine"};
    } else {
      record.rounds.push_back({{"cell", id}, {"status", status}, {"reason", status}});
    }
  }
  return static_cast<int>(record.exit_code());
}

TEST(RunExitCode, PassesIfEveryCellIsMeasuredOrUnsupported) {
  EXPECT_EQ(exit_code({"ok", "ok"}), 0);
  EXPECT_EQ(exit_code({"ok", "unsupported"}), 0);
}

// The bug: an invalid cell, which says nothing, ended with 0.
TEST(RunExitCode, FailsIfACellIsNotUsable) {
  EXPECT_EQ(exit_code({"ok", "failed"}), 5);
  EXPECT_EQ(exit_code({"ok", "invalid"}), 5);
  EXPECT_EQ(exit_code({"unsupported", "failed"}), 5);
}

TEST(RunExitCode, IsUndecidedIfNoCellIsMeasured) {
  EXPECT_EQ(exit_code({"unsupported", "unsupported"}), 4);
  EXPECT_EQ(exit_code({}), 4);
}

}  // namespace
}  // namespace fanin::harness
