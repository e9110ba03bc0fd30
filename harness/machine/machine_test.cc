#include "harness/machine/machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "os/procfs.h"

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
  const MachineUse use = subtract_readings(before, after);
  EXPECT_EQ(use.cpu_busy, 1300ms);
  EXPECT_EQ(use.steal, 100ms);
  EXPECT_EQ(use.netstat.size(), 1U);
  EXPECT_EQ(use.netstat.at("TcpExt.ListenOverflows"), 2);
}

// Would catch: what could not be read turned into a measured zero.
TEST(Machine, UnreadableIsNotZero) {
  EXPECT_FALSE(subtract_readings(MachineReading{}, MachineReading{}).cpu_busy);
  EXPECT_FALSE(subtract_readings(MachineReading{}, MachineReading{}).steal);
}

TEST(Machine, ReadsThisMachine) {
  const MachineReading reading = read_machine_cpu();
  EXPECT_GE(reading.cpus, 1);
  ASSERT_TRUE(reading.idle);
  EXPECT_TRUE(read_netstat().count("Tcp.ActiveOpens") == 1);
}

constexpr const char* kMeminfo = "MemTotal: 8000000 kB\nSlab:             139984 kB\nKernelStack:        1536 kB\n";

// Would catch: SReclaimable or SUnreclaim taken for the whole, or kB for bytes.
TEST(KernelMemory, ReadsSlab) {
  EXPECT_EQ(parse_slab_bytes(kMeminfo), 139984U * 1024);
  EXPECT_FALSE(parse_slab_bytes("SReclaimable: 5 kB\nMemTotal: 1 kB\n"));
}

// 1536 KiB over 96 tasks are 16 KiB each; 97 and 92 tasks are the same within what comes and goes.
TEST(KernelMemory, FindsTheSizeOfAStack) {
  const auto with_tasks = [](const std::string& tasks) {
    return parse_kernel_stack_size(kMeminfo, "0.00 0.01 0.05 1/" + tasks + " 4711\n");
  };
  EXPECT_EQ(with_tasks("96"), 16384U);
  EXPECT_EQ(with_tasks("97"), 16384U);
  EXPECT_EQ(with_tasks("92"), 16384U);
  EXPECT_EQ(with_tasks("192"), 8192U);
}

// Would catch: a container's five tasks and the machine's stacks, which would make a stack of 300 KiB.
TEST(KernelMemory, GivesNoSizeThatCannotBe) {
  const auto with = [](const char* meminfo, const char* loadavg) { return parse_kernel_stack_size(meminfo, loadavg); };
  EXPECT_FALSE(with(kMeminfo, "0.00 0.01 0.05 1/5 4711"));
  EXPECT_FALSE(with(kMeminfo, "0.00 0.01 0.05 1/70 4711"));  // 22 KiB: no power of two
  EXPECT_FALSE(with(kMeminfo, "0.00 0.01 0.05 1/0 4711"));
  EXPECT_FALSE(with(kMeminfo, "0.00"));
  EXPECT_FALSE(with("Slab: 5 kB\n", "0.00 0.01 0.05 1/96 4711"));
}

// Would catch: the slab memory of a server that is still making processes, taken for all of it. Half was missing.
TEST(KernelMemory, GivesNoNumberBeforeItHasSettled) { EXPECT_FALSE(read_settled_slab_bytes(Nanoseconds::zero())); }

TEST(KernelMemory, ReadsThisMachine) {
  if (!find_labelled_number(read_file("/proc/meminfo").value_or(""), "Slab")) {
    GTEST_SKIP() << "this kernel does not show Slab in /proc/meminfo";
  }
  EXPECT_GT(read_slab_bytes(), 0U);
  EXPECT_GT(read_settled_slab_bytes(std::chrono::seconds(30)), 0U);
}

}  // namespace

}  // namespace fanin::harness
