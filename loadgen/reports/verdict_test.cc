#include "loadgen/reports/verdict.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "loadgen/reports/verdict_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST_F(VerdictTest, ASoundResultIsValid) {
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.status, Status::kValid);
  EXPECT_TRUE(verdict.reasons.empty());
  EXPECT_DOUBLE_EQ(verdict.littles_law_ratio.value(), 1.0);
  EXPECT_EQ(verdict.bottleneck, Bottleneck::kLatencyBound);
}

TEST_F(VerdictTest, LatenessWarnsBelow999AndInvalidatesBelow95) {
  open_loop(9995, 5);
  EXPECT_EQ(decide().status, Status::kValid);
  result_.lateness.clear();
  open_loop(9980, 20);
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.lateness.clear();
  open_loop(9400, 600);
  EXPECT_EQ(decide().status, Status::kInvalid);
}

// The bug: a rate search named failed requests as the reason of a run that was invalid because its sends were late.
TEST_F(VerdictTest, ReasonsThatInvalidateComeFirst) {
  open_loop(9400, 600);
  result_.failed = 1;
  const Verdict verdict = decide();
  ASSERT_EQ(verdict.reasons.size(), 2U);
  EXPECT_EQ(verdict.reasons[0].name(), "late-sends");
  EXPECT_EQ(verdict.reasons[1].name(), "failed-requests");
}

// Would catch: "the generator was late: only 0.00 % ..." where nothing was due, at 0.1 requests/s in a second.
TEST_F(VerdictTest, AShareOfNoRequestsIsNotZero) {
  open_loop(0, 0);
  result_.sent = result_.completed = result_.completed_in_window = 0;
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.within_tolerance_share, std::nullopt);
  EXPECT_EQ(result_.late_by_preemptions_share(), std::nullopt);
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(decide_texts(), std::vector<std::string>{"no request was due in the window"});
  plan_.rate_per_s.reset();
  EXPECT_EQ(decide_texts(), std::vector<std::string>{"no request was sent in the window"});
}

// Would catch: a rate beyond what the server can do that counts as achieved, because the run waits for the backlog.
TEST_F(VerdictTest, RepliesThatFallBehindShow) {
  open_loop(10'000, 0);
  result_.completed_in_window = 9'600;
  EXPECT_EQ(decide().status, Status::kValid);
  result_.completed_in_window = 9'400;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_DOUBLE_EQ(decide().achieved_rate_per_s.value(), 9'400 / (static_cast<double>(result_.window.count()) / 1e9));
}

TEST_F(VerdictTest, LatenessNamesTheShareOfPreemptions) {
  open_loop(9'800, 200);
  plan_.idle_strategy.kind = IdleStrategy::kSpin;
  result_.late_by_preemptions = 100;  // of 10,000
  EXPECT_EQ(decide_texts(),
            std::vector<std::string>{"only 98.00 % of the requests left within 100 us of their time; a further 1.00 % "
                                     "would have without preemptions"});
  EXPECT_EQ(decide().reasons[0].name(), "late-sends");
  result_.late_by_preemptions = 200;  // all of them
  EXPECT_EQ(decide().reasons[0].name(), "preempted");
}

// Would catch: a late generator reported for a server that stalls.
TEST_F(VerdictTest, WaitingForAFreeConnectionIsNotLateness) {
  open_loop(10'000, 0);
  for (int i = 0; i < 4'900; ++i) {
    result_.queueing.record(milliseconds(90));
  }
  EXPECT_EQ(decide().status, Status::kValid);
}

TEST_F(VerdictTest, RequestsNeverSentAreLate) {
  open_loop(9000, 0);
  result_.lateness.record_uncompleted(1000);
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_DOUBLE_EQ(decide().within_tolerance_share.value(), 0.9);
}

// Would catch: a generator at its limit that waits for wake-ups, so CPU time does not show it.
TEST_F(VerdictTest, NearTheCeilingWarns) {
  plan_.ceiling_per_s = 12'600;
  EXPECT_EQ(decide().status, Status::kValid);
  EXPECT_NEAR(decide().ceiling_share.value(), 0.794, 0.001);
  plan_.ceiling_per_s = 12'400;
  ASSERT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide().reasons[0].text, "10,000/s is 81 % of the 12,400/s that the driver epoll reaches here");
}

TEST_F(VerdictTest, AWindowThatNeverOpenedIsInvalid) {
  result_.window = Nanoseconds(0);
  EXPECT_EQ(decide().status, Status::kInvalid);
}

Nanoseconds tolerance(double rate_per_s, std::uint32_t burst_size = 1) {
  LoadPlan plan;
  plan.rate_per_s = rate_per_s;
  plan.burst_size = burst_size;
  return lateness_tolerance(plan);
}

TEST(LatenessTolerance, Is100MicrosecondsOrAHundredthOfTheGap) {
  EXPECT_EQ(tolerance(50'000), microseconds(100));
  EXPECT_EQ(tolerance(100), microseconds(100));
  EXPECT_EQ(tolerance(1), milliseconds(10));
}

// Would catch: bursts that count as late because their requests leave one after the other.
TEST(LatenessTolerance, TakesTheGapBetweenBursts) {
  EXPECT_EQ(tolerance(1000, 100), milliseconds(1));
  EXPECT_EQ(tolerance(1000, 2), microseconds(100));
}

// 50 at once, every 10 ms: 50 times 10 us; a thousand at once, every 20 ms: a tenth of that.
TEST(LatenessTolerance, LeavesABurstTimeToBeSent) {
  EXPECT_EQ(tolerance(5000, 50), microseconds(500));
  EXPECT_EQ(tolerance(50'000, 1000), milliseconds(2));
}

class BottleneckTest : public VerdictTest {};

// The bug: a window of 1 us, in which nothing was sent, had a saturated generator: reading the CPU time takes longer
// than that.
TEST_F(BottleneckTest, AWindowShorterThanCpuTimeCanTellHasNoBottleneck) {
  plan_.requests = 10'000;  // keeps Little's law out of this
  result_.busiest_thread_utilisation = 1.0;
  result_.server->cpu = milliseconds(50);
  result_.window = milliseconds(99);
  EXPECT_EQ(decide().bottleneck, Bottleneck::kUnknown);
  EXPECT_EQ(decide().bottleneck_reason,
            "the window of 99.0 ms is too short to tell: CPU time is known to 10.0 ms, which must be a tenth at most");
  EXPECT_EQ(decide().status, Status::kValid);
  result_.window = milliseconds(100);
  EXPECT_EQ(decide().bottleneck, Bottleneck::kGenerator);
  plan_.slices = SlicePlan{.targets = 2};  // each of two targets has half of the window
  result_.busiest_thread_utilisation = 0.5;
  EXPECT_EQ(decide().bottleneck, Bottleneck::kUnknown);
}

TEST_F(BottleneckTest, ASaturatedGeneratorIsTheBottleneck) {
  result_.busiest_thread_utilisation = 0.97;
  EXPECT_EQ(decide().bottleneck, Bottleneck::kGenerator);
  EXPECT_EQ(decide().status, Status::kWarning);
}

// Would catch: 50 threads that share one CPU and use all of it, none of which uses much.
TEST_F(BottleneckTest, ManyThreadsAreSaturatedTogether) {
  result_.busiest_thread_utilisation = 0.02;
  result_.threads_utilisation = 0.97;
  plan_.cpus = 2;
  EXPECT_EQ(decide().bottleneck, Bottleneck::kLatencyBound);
  plan_.cpus = 1;
  EXPECT_EQ(decide().bottleneck, Bottleneck::kGenerator);
  EXPECT_EQ(decide().bottleneck_reason, "the generator's threads used 97 % of its 1 CPU, the server 50 % of its 1 CPU");
}

TEST_F(BottleneckTest, ASaturatedServerIsTheBottleneck) {
  result_.server->cpu = milliseconds(990);
  EXPECT_EQ(decide().bottleneck, Bottleneck::kServer);
  // One thread cannot use more than one CPU, however many it may run on.
  result_.server->cpus = 4;
  EXPECT_EQ(decide().bottleneck, Bottleneck::kServer);
  result_.server->threads = 4;
  EXPECT_EQ(decide().bottleneck, Bottleneck::kLatencyBound);
}

TEST_F(BottleneckTest, WithoutTheServersUseIdlenessIsNotExplained) {
  result_.server.reset();
  EXPECT_EQ(decide().bottleneck, Bottleneck::kUnknown);
}

TEST_F(BottleneckTest, AnIdleOpenLoopIsBoundByItsSchedule) {
  open_loop(10'000, 0);
  EXPECT_EQ(decide().bottleneck, Bottleneck::kRateBound);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const ReasonEntry& entry : kReasonTable) {
    all.emplace_back(entry.name);
  }
  return all;
}

// Would catch: a code without a row in the documents, or one that was renamed there only.
TEST(ReasonTable, IsTheTableOfTheMethodology) {
  std::ifstream file(FANIN_SOURCE "/docs/methodology.md");
  std::vector<std::string> rows;
  bool is_table = false;
  for (std::string line; std::getline(file, line);) {
    is_table = line.starts_with("| code | meaning |") || (is_table && line.starts_with("|"));
    if (is_table && line.starts_with("| `")) {
      rows.push_back(line);
    }
  }
  std::vector<std::string> expected;
  for (const ReasonEntry& entry : kReasonTable) {
    expected.push_back(fmt::format("| `{}` | {} | {} |", entry.name, entry.meaning, entry.advice));
  }
  EXPECT_EQ(rows, expected);
}

// Would catch: a code that results may not have.
TEST(ReasonTable, HasTheCodesOfTheSchema) {
  std::ifstream file(FANIN_SOURCE "/results/schema/load.schema.json");
  const auto schema = nlohmann::json::parse(file);
  EXPECT_EQ(schema["$defs"]["reason"]["properties"]["code"]["enum"].get<std::vector<std::string>>(), names());
}

}  // namespace
}  // namespace fanin::load
