#include "harness/rounds/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "harness/machine/fingerprint.h"
#include "harness/rounds/run_record.h"

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Would catch: an unreadable fact left out or written as if it were a value.
TEST(Fingerprint, WritesWhatIsUnreadableWithItsReason) {
  Fingerprint print;
  print.put_text("cpu.governor", "/no/such/file");
  print.put("cpu.online", 2);
  const Json facts = print.take();
  EXPECT_TRUE(facts.at("cpu").at("governor").is_null());
  EXPECT_EQ(facts.at("cpu").at("online"), 2);
  EXPECT_EQ(facts.at("unreadable").at("cpu.governor"), "/no/such/file: No such file or directory");
  EXPECT_THAT(describe_environment(facts), HasSubstr("unreadable (/no/such/file: No such file or directory)"));
}

TEST(Cgroup, FindsTheGroupOfBothVersions) {
  const std::string v1 = "4:memory:/a\n2:cpu,cpuacct:/b\n0::/unified\n";
  EXPECT_EQ(find_cgroup(v1, "cpu"), "/b");
  EXPECT_EQ(find_cgroup(v1, "memory"), "/a");
  EXPECT_EQ(find_cgroup(v1, "pids"), "/unified");
  EXPECT_EQ(find_cgroup("0::/user.slice\n", "cpu"), "/user.slice");
}

TEST(Environment, HoldsWhatEveryReaderNeeds) {
  const Json environment = read_environment(Programs::find("", ""));
  for (const char* key : {"/kernel/release", "/cpu/model", "/memory/total_bytes", "/clocksource", "/hypervisor",
                          "/limits/nofile_hard", "/sysctl/net/core/somaxconn", "/build/compiler", "/load/averages",
                          "/cgroup/cpu_quota", "/kernel/mitigations", "/binaries/fanin_sha256"}) {
    EXPECT_TRUE(environment.contains(Json::json_pointer(key))) << key;
  }
  EXPECT_EQ(environment.at("binaries").at("fanin_sha256").get<std::string>().size(), 64U);
  // Every null has its reason, except the hypervisor's, where null means that there is none.
  const Json facts = environment.flatten();
  for (const auto& [key, value] : facts.items()) {
    std::string dotted = key.substr(1);
    std::replace(dotted.begin(), dotted.end(), '/', '.');
    if (value.is_null() && dotted != "hypervisor") {
      EXPECT_TRUE(environment.at("unreadable").contains(dotted)) << dotted;
    }
  }
}

// SHA-256 of "abc", FIPS 180-2 appendix B.1.
TEST(Digest, AgreesWithTheStandard) {
  const std::string path = std::filesystem::temp_directory_path() / ("fanin-digest-test-" + std::to_string(::getpid()));
  std::FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("abc", file);
  std::fclose(file);
  EXPECT_EQ(compute_sha256(path), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_THROW(compute_sha256(path + "-absent"), std::runtime_error);
  std::remove(path.c_str());
}

// The bug: two thirds of the rounds were measured while a compiler ran, and neither the start nor the end said so.
TEST(Environment, ABusyMachineIsSaidAtTheStartAndInTheReport) {
  RunRecord record;
  record.environment_start = {
      {"cpu", {{"online", 2}}},
      {"load", {{"averages", {3.5, 1, 1}}, {"pressure", {{"cpu", "some avg10=74.00 avg60=1 avg300=1 total=1"}}}}}};
  EXPECT_EQ(describe_busy(record.environment_start),
            "something waited for one of its 2 CPUs 74 % of the last 10 s; load average 3.50");
  EXPECT_THAT(describe_run(record), HasSubstr("busy-machine: before the run something waited"));
  record.environment_start["load"] = {{"averages", nullptr}, {"pressure", {{"cpu", nullptr}}}};
  EXPECT_EQ(describe_busy(record.environment_start), "");
  EXPECT_EQ(describe_run(record), "");
}

TEST(Timestamp, IsUtcWithMilliseconds) {
  EXPECT_THAT(timestamp_now(), MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]+Z"));
}

}  // namespace
}  // namespace fanin::harness
