#include "harness/machine/kernel_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "os/procfs.h"

namespace fanin::harness {
namespace {

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

// Would catch: a container's five tasks beside the machine's stacks, which would make a stack of 300 KiB.
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
  if (!labelled_number(read_file("/proc/meminfo").value_or(""), "Slab")) {
    GTEST_SKIP() << "this kernel does not show Slab in /proc/meminfo";
  }
  EXPECT_GT(read_slab_bytes(), 0U);
  EXPECT_GT(read_settled_slab_bytes(std::chrono::seconds(30)), 0U);
}

}  // namespace
}  // namespace fanin::harness
