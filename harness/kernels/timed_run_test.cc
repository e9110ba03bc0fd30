#include "harness/kernels/timed_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Json make_run(const std::string& status) { return {{"cells", Json::array({{{"status", status}}})}}; }

// Would catch: kernels of a block that get different arrivals, boots that get the same, or a guest that runs other
// cells than those that were checked.
TEST(RunPlan, HasASeedForEachBoot) {
  LedgerSetup setup;
  setup.seed = 7;
  const LedgerOptions options{.only = {"echo-closed/*"}};
  const auto words = make_run_plan(setup, options, 0).run;
  EXPECT_THAT(words, ElementsAre("/bin/fanin", "run", "/suite/suite.json", "--only", "echo-closed/*", "--seed",
                                 ::testing::_, "--out", "/tmp/run"));
  EXPECT_EQ(make_run_plan(setup, options, 0).run, words);
  EXPECT_NE(make_run_plan(setup, options, 1).run, words);
}

// Would catch: a boot that failed, or a frame that holds something else, taken for a run.
TEST(TakeRun, RefusesWhatIsNoRun) {
  EXPECT_THAT(
      [] {
        take_run({{}, "Kernel panic", ""}, "run.json");
      },
      ThrowsMessage<std::runtime_error>("Kernel panic"));
  EXPECT_THAT([] { take_run({{}, "", ""}, "run.json"); }, ThrowsMessage<std::runtime_error>("the guest sent no run"));
  EXPECT_THAT(
      [] {
        take_run({{{guest::FrameType::kRun, guest::kNoCell, "{}"}}, "", ""}, "run.json");
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("run.json")));
}

// Would catch: an exit code 0 although a boot has no result, or although nothing was measured.
TEST(JudgeRuns, MissesNoBootAndNoCell) {
  EXPECT_EQ(judge_runs({make_run("measured"), make_run("unsupported")}, 2), os::ExitCode::kPassed);
  EXPECT_EQ(judge_runs({make_run("measured")}, 2), os::ExitCode::kFailed);
  EXPECT_EQ(judge_runs({make_run("measured"), make_run("invalid")}, 2), os::ExitCode::kFailed);
  EXPECT_EQ(judge_runs({make_run("unsupported")}, 1), os::ExitCode::kUndecided);
}

}  // namespace
}  // namespace fanin::harness
