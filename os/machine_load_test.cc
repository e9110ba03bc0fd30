#include <gtest/gtest.h>

#include "os/procfs.h"

namespace fanin::os {
namespace {

constexpr const char* kPressure =
    "some avg10=98.48 avg60=97.92 avg300=88.32 total=849091357\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
constexpr const char* kStat = "cpu  62113 111449 30350 29814 239 0 1048 119 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";

MachineLoad parsed(const char* loadavg, const char* pressure) {
  MachineLoad load = parse_machine_load(loadavg, pressure, kStat, 100);
  load.cpus = 2;
  return load;
}

// Would catch: a field taken from its neighbour.
TEST(MachineLoad, IsReadFromTheKernelsTexts) {
  const MachineLoad load = parsed("14.36 10.96 7.18 15/170 27841\n", kPressure);
  EXPECT_EQ(load.load_average, 14.36);
  EXPECT_NEAR(load.pressure_avg10.value(), 0.9848, 1e-9);
  EXPECT_EQ(load.pressure, std::chrono::microseconds(849'091'357));
  EXPECT_EQ(load.steal, std::chrono::milliseconds(1190));
  EXPECT_EQ(load.idle, std::chrono::milliseconds(300'530));  // with iowait
}

// Would catch: silence about a busy machine, and a warning after each run about its own load.
TEST(MachineLoad, ABusyMachineIsNamed) {
  EXPECT_EQ(why_busy(parsed("14.36 10.96 7.18 15/170 27841\n", kPressure)),
            "something waited for one of its 2 CPUs 98 % of the last 10 s; load average 14.36");
  EXPECT_EQ(why_busy(parsed("2.10 1 1 1/170 1\n", "some avg10=3.00 avg60=9.00 avg300=9.00 total=1\n")), "");
  EXPECT_EQ(why_busy(parsed("2.10 1 1 1/170 1\n", "")), "its load average is 2.10 with 2 CPUs");
  EXPECT_EQ(why_busy(parsed("1.90 1 1 1/170 1\n", "")), "");
  EXPECT_EQ(why_busy(parsed("", "")), "");
}

// Would catch: 0 for an unknown value.
TEST(MachineLoad, SharesAreOfTheTimeBetween) {
  MachineLoad before = parsed("1 1 1 1/1 1", kPressure);
  MachineLoad after = before;
  after.at = before.at + std::chrono::seconds(2);
  *after.pressure += std::chrono::seconds(1);
  *after.steal += std::chrono::milliseconds(400);
  *after.idle += std::chrono::milliseconds(600);
  EXPECT_NEAR(shares_between(before, after).pressure.value(), 0.5, 1e-9);
  EXPECT_NEAR(shares_between(before, after).steal.value(), 0.1, 1e-9);
  EXPECT_NEAR(shares_between(before, after).busy.value(), 0.75, 1e-9);
  EXPECT_EQ(shares_between(before, before).steal, std::nullopt);
  after.pressure.reset();
  EXPECT_EQ(shares_between(before, after).pressure, std::nullopt);
}

}  // namespace
}  // namespace fanin::os
