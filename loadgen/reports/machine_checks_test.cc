#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loadgen/reports/verdict_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

// The sound second, on four CPUs of which other programs used one and a half.
class BusyMachine : public VerdictTest {
 protected:
  BusyMachine() {
    plan_.cpus = 1;
    result_.machine_before.cpus = 4;
    result_.generator.cpu_user = milliseconds(250);
    result_.generator.cpu_system = milliseconds(250);
    result_.server = ServerUsage{.cpu = milliseconds(500)};
    result_.servers_cpu = milliseconds(500);
    result_.machine.busy = 0.625;
  }
};

// The bug: "latency-bound: wake-ups and think time bound the rate" of a closed loop whose generator waited for a CPU.
TEST_F(BusyMachine, AGeneratorThatWaitsForACpuIsNotLatencyBound) {
  result_.busiest_run_queue_wait = milliseconds(99);
  EXPECT_EQ(decide().bottleneck, Bottleneck::kLatencyBound);
  EXPECT_EQ(decide().status, Status::kValid);
  result_.busiest_run_queue_wait = milliseconds(101);
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.status, Status::kWarning);
  ASSERT_EQ(verdict.reasons.size(), 1U);
  EXPECT_EQ(verdict.reasons[0].name(), "busy-machine");
  EXPECT_EQ(verdict.reasons[0].text,
            "in the window the generator waited for a CPU 10 % of the time; other programs used 1.5 CPUs");
  EXPECT_EQ(verdict.bottleneck, Bottleneck::kBusyMachine);
  EXPECT_EQ(verdict.bottleneck_reason.find("the machine was busy: "), 0U) << verdict.bottleneck_reason;
}

// Would catch: a server that competed with other programs and a result that calls itself valid.
TEST_F(BusyMachine, AServerThatWaitsForACpuCountsToo) {
  result_.server->run_queue_wait = milliseconds(300);
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.server->run_queue_wait = milliseconds(340);
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons[0].name(), "busy-machine");
  EXPECT_EQ(
      decide_texts()[0],
      "in the window the generator waited for a CPU 0 % of the time, the server 34 %; other programs used 1.5 CPUs");
}

// Would catch: generator and server on one CPU, which wait for each other on a quiet machine.
TEST_F(BusyMachine, NobodyWaitsForOthersLongerThanThoseRan) {
  result_.busiest_run_queue_wait = result_.server->run_queue_wait.emplace(milliseconds(500));
  result_.machine.busy = 0.26;
  EXPECT_EQ(decide().status, Status::kValid);
  result_.machine.busy.reset();
  EXPECT_EQ(decide().status, Status::kInvalid);
}

// The bug: what the hypervisor took was used by "other programs", and a server that had waited for another one of its
// unit was on a busy machine.
TEST_F(BusyMachine, TheHypervisorIsNoProgram) {
  result_.machine.busy = 0.30;
  result_.machine.steal = 0.05;
  EXPECT_NEAR(find_contention(plan_, result_).other_cpus.value(), 0, 1e-9);
}

// Would catch: twenty threads of the generator on one CPU taken for other programs.
TEST_F(BusyMachine, ThreadsOfTheGeneratorWaitForEachOther) {
  result_.busiest_run_queue_wait = milliseconds(400);
  plan_.threads = 20;
  EXPECT_EQ(decide().status, Status::kValid);
}

// The bug: "do not trust the figures" on standard error, and the verdict "valid" in the result.
TEST_F(BusyMachine, BeforeTheRunWarns) {
  plan_.machine_busy = "something waited for one of its 2 CPUs 98 % of the last 10 s";
  ASSERT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide().reasons[0].name(), "busy-machine");
  EXPECT_EQ(decide().reasons[0].text, "before the run something waited for one of its 2 CPUs 98 % of the last 10 s");
}

// Would catch: a test of function that fails because the tests run in parallel.
TEST_F(BusyMachine, IsAWarningIfTheUserSaysSo) {
  result_.busiest_run_queue_wait = milliseconds(900);
  EXPECT_EQ(decide().status, Status::kInvalid);
  plan_.allow_busy = true;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide().bottleneck, Bottleneck::kBusyMachine);
}

// Would catch: a run of some milliseconds judged by one time slice of another program.
TEST_F(BusyMachine, IsNotKnownInAShortWindow) {
  result_.machine.busy.reset();
  result_.window = milliseconds(99);
  result_.busiest_run_queue_wait = milliseconds(60);
  EXPECT_DOUBLE_EQ(find_contention(plan_, result_).most(), 0);
  result_.window = milliseconds(100);
  EXPECT_GT(find_contention(plan_, result_).most(), kContended);
}

TEST_F(BusyMachine, StealIsContention) {
  result_.machine.steal = 0.12;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide_texts()[0],
            "in the window the generator waited for a CPU 0 % of the time, the hypervisor took 12 % of the CPU time; "
            "other programs used 1.0 CPUs");
  result_.machine.steal = 0.4;
  EXPECT_EQ(decide().status, Status::kInvalid);
}

// Would catch: the wait of one of three interleaved targets divided by the turns of all; and a busy machine seen in
// every interleaved run, whose generator has a thread for each target on one CPU.
TEST_F(BusyMachine, AnInterleavedTargetWaitsInItsOwnSlices) {
  plan_.slices.emplace();
  plan_.slices->targets = 3;
  result_.busiest_run_queue_wait = result_.server->run_queue_wait.emplace(milliseconds(50));
  EXPECT_DOUBLE_EQ(find_contention(plan_, result_).server.value(), 0.15);
  EXPECT_EQ(find_contention(plan_, result_).generator, std::nullopt);
  EXPECT_EQ(find_contention(plan_, result_).text(),
            "the server waited for a CPU 15 % of the time; other programs used 1.5 CPUs");
  plan_.cpus = 3;
  EXPECT_DOUBLE_EQ(find_contention(plan_, result_).generator.value(), 0.15);
}

// The bug: the servers of the other targets were other programs, so two event loops of one target on the generator's
// CPUs made a quiet machine busy.
TEST_F(BusyMachine, ServersOfOtherTargetsAreNoOtherPrograms) {
  result_.server->run_queue_wait = milliseconds(400);
  EXPECT_EQ(decide().status, Status::kInvalid);
  result_.servers_cpu = milliseconds(2000);  // with the generator's 0.5 s all of the 2.5 busy CPUs
  EXPECT_EQ(decide().status, Status::kValid);
  EXPECT_DOUBLE_EQ(find_contention(plan_, result_).other_cpus.value(), 0);
}

// Would catch: an open loop on a busy machine that is only called late.
TEST_F(BusyMachine, AnOpenLoopIsNotRateBound) {
  open_loop(10'000, 0);
  result_.busiest_run_queue_wait = milliseconds(200);
  EXPECT_EQ(decide().bottleneck, Bottleneck::kBusyMachine);
  EXPECT_EQ(decide().status, Status::kWarning);
}

}  // namespace
}  // namespace fanin::load
