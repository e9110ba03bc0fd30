#include "harness/machine/machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/machine/fake_sysroot.h"
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
TEST(KernelMemory, GivesNoNumberBeforeItHasSettled) {
  EXPECT_FALSE(read_settled_slab_bytes(Trend::kGrows, net::Nanoseconds::zero()));
}

int readings_until_settled(Trend trend, const std::vector<std::uint64_t>& readings) {
  Settling settling(trend);
  const auto last =
      std::find_if(readings.begin(), readings.end(), [&](std::uint64_t each) { return settling.has_ended(each); });
  return last == readings.end() ? 0 : static_cast<int>(last - readings.begin()) + 1;
}

// Would catch: slab memory of -9 MB for epoll in the claim K7, since the memory of 500 processes was still being freed
// when the one reading before the connections was taken.
TEST(KernelMemory, ReadsBeforeTheConnectionsOnceNothingFalls) {
  EXPECT_EQ(readings_until_settled(Trend::kFalls, {90, 70, 70, 40, 42, 41, 40, 42, 41}), 9);
  EXPECT_EQ(readings_until_settled(Trend::kFalls, {40, 41, 42, 43, 44, 45}), 6);  // growth is no concern of it
  EXPECT_EQ(readings_until_settled(Trend::kFalls, {90, 80, 70, 60, 50, 40}), 0);
  EXPECT_EQ(readings_until_settled(Trend::kGrows, {40, 60, 70, 69, 70, 68, 70, 70}), 8);
}

TEST(KernelMemory, ReadsThisMachine) {
  if (!os::find_labelled_number(os::read_file("/proc/meminfo").value_or(""), "Slab")) {
    GTEST_SKIP() << "this kernel does not show Slab in /proc/meminfo";
  }
  EXPECT_GT(read_settled_slab_bytes(Trend::kGrows, std::chrono::seconds(30)), 0U);
  EXPECT_GT(read_settled_slab_bytes(Trend::kFalls, std::chrono::seconds(30)), 0U);
}

constexpr const char* kLimits =
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max processes             96365                96366                processes \n"
    "Max open files            1024                 20000                files     \n"
    "Max locked memory         8388608              unlimited            bytes     \n";

// Would catch a soft limit taken for the hard one, a field read from the wrong place, and units left out.
TEST(MachineLimits, ReadsWhatTheKernelWrites) {
  const FakeSysroot root;
  root.write("/proc/self/limits", kLimits);
  root.write("/proc/sys/fs/file-max", "2466170\n");
  root.write("/proc/sys/fs/file-nr", "803\t0\t2466170\n");
  root.write("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
  root.write("/proc/sys/net/ipv4/tcp_ehash_entries", "-262144\n");  // in a network namespace without its own
  root.write("/proc/sys/net/ipv4/tcp_mem", "287898\t383867\t575796\n");
  root.write("/proc/sys/net/netfilter/nf_conntrack_max", "262144\n");
  root.write("/proc/sys/net/netfilter/nf_conntrack_count", "5\n");
  root.write("/proc/net/sockstat",
             "sockets: used 12\nTCP: inuse 3 orphan 0 tw 40 alloc 9 mem 17\nUDP: inuse 2 mem 6\n");
  root.write("/proc/meminfo", "MemTotal:       24683520 kB\nMemAvailable:   24000000 kB\n");
  root.write("/proc/loadavg", "4.35 3.29 2.48 5/114 17258\n");
  const MachineLimits limits = read_machine_limits(root.path());
  EXPECT_EQ(limits.descriptors_soft, 1024U);
  EXPECT_EQ(limits.descriptors_hard, 20'000U);
  EXPECT_EQ(limits.processes_hard, 96'366U);
  EXPECT_EQ(limits.memlock_bytes, MachineLimits::kUnlimited);
  EXPECT_EQ(limits.file_max, 2'466'170U);
  EXPECT_EQ(limits.files_in_use, 803U);
  EXPECT_EQ(limits.first_port, 32'768U);
  EXPECT_EQ(limits.last_port, 60'999U);
  EXPECT_EQ(limits.established_buckets, 262'144U);
  EXPECT_EQ(limits.tcp_mem_pages[2], 575'796U);
  EXPECT_TRUE(limits.has_conntrack);
  EXPECT_EQ(limits.conntrack_in_use, 5U);
  EXPECT_EQ(limits.tcp_sockets, 43U);
  EXPECT_EQ(limits.tcp_pages_in_use, 17U);
  EXPECT_EQ(limits.memory_available_bytes, 24'000'000ULL * 1024);
  EXPECT_EQ(limits.tasks_in_use, 114U);
  EXPECT_EQ(limits.group_memory_available_bytes, MachineLimits::kUnlimited);
}

// Would catch a 0 for what is not there: everything would be too low.
TEST(MachineLimits, WhatIsNotThereIsNothing) {
  const FakeSysroot root;
  root.write("/proc/sys/fs/file-max", "what?\n");
  const MachineLimits limits = read_machine_limits(root.path());
  EXPECT_EQ(limits.file_max, std::nullopt);
  EXPECT_EQ(limits.descriptors_hard, std::nullopt);
  EXPECT_EQ(limits.memory_available_bytes, std::nullopt);
  EXPECT_EQ(limits.tasks_in_use, std::nullopt);
  EXPECT_FALSE(limits.has_conntrack);
}

// Would catch a container's limit overlooked, and cached files taken for memory that is gone.
TEST(MachineLimits, KnowsTheControlGroupOfBothVersions) {
  const FakeSysroot root;
  root.write("/proc/self/cgroup", "0::/box\n");
  root.write("/sys/fs/cgroup/box/memory.max", "1000000\n");
  root.write("/sys/fs/cgroup/box/memory.current", "300000\n");
  root.write("/sys/fs/cgroup/box/memory.stat", "anon 200000\ninactive_file 100000\n");
  EXPECT_EQ(read_machine_limits(root.path()).group_memory_available_bytes, 800'000U);
  root.write("/sys/fs/cgroup/box/memory.max", "max\n");
  EXPECT_EQ(read_machine_limits(root.path()).group_memory_available_bytes, MachineLimits::kUnlimited);

  std::filesystem::remove_all(root.path() + "/sys");
  root.write("/proc/self/cgroup", "4:memory:/box\n0::/\n");
  root.write("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "500000\n");
  root.write("/sys/fs/cgroup/memory/box/memory.usage_in_bytes", "300000\n");
  EXPECT_EQ(read_machine_limits(root.path()).group_memory_available_bytes, 200'000U);
  root.write("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(read_machine_limits(root.path()).group_memory_available_bytes, MachineLimits::kUnlimited);
}

// This kernel's own files: would catch a format that has changed.
TEST(MachineLimits, ReadsThisMachine) {
  const MachineLimits limits = read_machine_limits();
  EXPECT_GT(limits.descriptors_hard.value_or(0), 0U);
  EXPECT_GT(limits.file_max.value_or(0), 0U);
  EXPECT_GT(limits.memory_available_bytes.value_or(0), 0U);
  EXPECT_GT(limits.tasks_in_use.value_or(0), 0U);
  EXPECT_GT(limits.tcp_mem_pages[2].value_or(0), 0U);
}

}  // namespace

}  // namespace fanin::harness
