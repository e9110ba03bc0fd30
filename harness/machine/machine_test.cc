#include "harness/machine/machine.h"

#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

using namespace std::chrono_literals;

TEST(Machine, ReadsCpuTimes) {
  const auto times = parse_cpu_times("cpu  1 2 3 400 50 6 7 8 9 10\ncpu0 1 2 3 4 5\ncpu1 1 2 3 4 5\nintr 5\n");
  ASSERT_TRUE(times);
  EXPECT_EQ(times->cpus, 2);
  EXPECT_EQ(times->idle, 4500ms);
  EXPECT_EQ(times->steal, 80ms);
  EXPECT_FALSE(parse_cpu_times("cpu 1 2"));
}

// Two CPUs over 1 s, of which 0.6 s idle and 0.1 s stolen: 1.3 s were busy.
TEST(Machine, BusyIsWhatIsLeft) {
  MachineReading before;
  before.cpus = 2;
  before.idle = 10s;
  before.steal = 1s;
  before.netstat = {{"TcpExt.ListenOverflows", 3}, {"Tcp.InSegs", 100}};
  MachineReading after = before;
  after.at += 1s;
  after.idle = 10600ms;
  after.steal = 1100ms;
  after.netstat["TcpExt.ListenOverflows"] = 5;
  const MachineUse use = machine_between(before, after);
  EXPECT_EQ(use.cpu_busy, 1300ms);
  EXPECT_EQ(use.steal, 100ms);
  EXPECT_EQ(use.netstat.size(), 1U);
  EXPECT_EQ(use.netstat.at("TcpExt.ListenOverflows"), 2);
}

// Would catch: what could not be read turned into a measured zero.
TEST(Machine, UnreadableIsNotZero) {
  EXPECT_FALSE(machine_between(MachineReading{}, MachineReading{}).cpu_busy);
  EXPECT_FALSE(machine_between(MachineReading{}, MachineReading{}).steal);
}

TEST(Machine, ReadsThisMachine) {
  const MachineReading reading = read_machine_cpu();
  EXPECT_GE(reading.cpus, 1);
  ASSERT_TRUE(reading.idle);
  EXPECT_TRUE(read_netstat().count("Tcp.ActiveOpens") == 1);
}

}  // namespace
}  // namespace fanin::harness
