#include "loadgen/reports/bottleneck.h"

#include <gtest/gtest.h>

#include "loadgen/reports/verdict_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

class BottleneckTest : public VerdictTest {};

// The bug: a window of 1 us, in which nothing was sent, was client-limited: reading the CPU time takes longer than
// that.
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
  EXPECT_EQ(decide().bottleneck, Bottleneck::kWaiting);
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
  EXPECT_EQ(decide().bottleneck, Bottleneck::kWaiting);
}

TEST_F(BottleneckTest, WithoutTheServersUseIdlenessIsNotExplained) {
  result_.server.reset();
  EXPECT_EQ(decide().bottleneck, Bottleneck::kUnknown);
}

TEST_F(BottleneckTest, AnIdleOpenLoopIsBoundByItsSchedule) {
  open_loop(10'000, 0);
  EXPECT_EQ(decide().bottleneck, Bottleneck::kSchedule);
}

}  // namespace
}  // namespace fanin::load
