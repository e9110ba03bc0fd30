#include "harness/machine/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "harness/machine/fake_sysroot.h"

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;
using Status = Finding::Status;

// A machine with 24 GiB and Debian's limits, but 20,000 descriptors for each process.
MachineLimits machine() {
  MachineLimits limits;
  limits.descriptors_soft = 20'000;
  limits.descriptors_hard = 20'000;
  limits.nr_open = 1'048'576;
  limits.file_max = 2'466'170;
  limits.files_in_use = 803;
  limits.epoll_watches = 5'491'511;
  limits.first_port = 32'768;
  limits.last_port = 60'999;
  limits.somaxconn = 4096;
  limits.syn_backlog = 2048;
  limits.established_buckets = 262'144;
  limits.tcp_mem_pages = {287'898, 383'867, 575'796};
  limits.tcp_pages_in_use = 0;
  limits.memory_available_bytes = std::uint64_t{23} << 30;
  limits.group_memory_available_bytes = MachineLimits::kUnlimited;
  limits.tcp_sockets = 8;
  limits.threads_max = 192'730;
  limits.pid_max = 32'768;
  limits.tasks_in_use = 114;
  limits.processes_hard = 96'365;
  return limits;
}

Finding finding(const Headroom& headroom, const std::string& name) {
  const auto found = std::find_if(headroom.findings.begin(), headroom.findings.end(),
                                  [&](const Finding& each) { return each.name == name; });
  EXPECT_NE(found, headroom.findings.end()) << name;
  return found == headroom.findings.end() ? Finding{} : *found;
}

TEST(Headroom, AMillionFitsWhereProcessesShareThem) {
  const Headroom headroom = judge(machine(), 1'000'000);
  EXPECT_TRUE(headroom.fits());
  EXPECT_EQ(headroom.obstacle(), "");
  EXPECT_THAT(describe_headroom(headroom, 1'230'000), HasSubstr("They fit."));
  // (60,999 + 1 - 32,768) / 16 = 1,764 connections of an address; 1,000,000 / 1,764 = 566.9.
  EXPECT_THAT(finding(headroom, "net.ipv4.ip_local_port_range").note, HasSubstr("567 source addresses"));
}

// Would catch shares taken as equal. Of 1,000,000 over 51 processes each gets 19,608 with a standard deviation of 139,
// and 20,000 - 16 - 51 = 19,933 is exceeded somewhere in two runs of five. 53 processes: 18,868 and six deviations of
// 137 make 19,692, and there is room for 20,000 - 16 - 53 = 19,931.
TEST(Headroom, LeavesRoomForTheSpreadOverProcesses) {
  EXPECT_EQ(count_processes(1'000'000, 20'000), 53U);
  EXPECT_EQ(count_processes(19'984, 20'000), 1U);
  EXPECT_EQ(count_processes(19'985, 20'000), 2U);
  EXPECT_EQ(count_processes(1'000'000, 100), std::nullopt);
  EXPECT_EQ(count_processes(0, 0), std::nullopt);
}

// Each limit alone, one below what is needed and just enough. Would catch a limit that nobody looks at, a wrong factor
// (two files and two watches for each connection), and what is in use left out.
TEST(Headroom, EachLimitBindsWhereItShould) {
  struct Bound {
    const char* name;
    MachineLimits::Number MachineLimits::*limit;
    std::uint64_t enough;
  };
  for (const Bound& bound : {Bound{"fs.file-max", &MachineLimits::file_max, 803 + 2'000'000 + 4096},
                             Bound{"fs.epoll.max_user_watches", &MachineLimits::epoll_watches, 2'000'000 + 256},
                             Bound{"kernel.threads-max", &MachineLimits::threads_max, 114 + 2 * 53 + 2 + 256},
                             Bound{"kernel.pid_max", &MachineLimits::pid_max, 114 + 2 * 53 + 2 + 256},
                             Bound{"RLIMIT_NPROC", &MachineLimits::processes_hard, 2 * 53 + 2},
                             Bound{"memory", &MachineLimits::memory_available_bytes,
                                   1'000'000 * std::uint64_t{10'240} + 53 * (std::uint64_t{2} << 20)},
                             Bound{"memory", &MachineLimits::group_memory_available_bytes,
                                   1'000'000 * std::uint64_t{10'240} + 53 * (std::uint64_t{2} << 20)}}) {
    MachineLimits limits = machine();
    limits.*bound.limit = bound.enough;
    EXPECT_TRUE(judge(limits, 1'000'000).fits()) << bound.name;
    limits.*bound.limit = bound.enough - 1;
    const Headroom headroom = judge(limits, 1'000'000);
    EXPECT_FALSE(headroom.fits()) << bound.name;
    const Finding low = finding(headroom, bound.name);
    EXPECT_EQ(low.status, Status::kTooLow) << bound.name;
    EXPECT_EQ(low.required, bound.enough) << bound.name;
    EXPECT_NE(low.command, "") << bound.name;
    EXPECT_THAT(headroom.obstacle(), HasSubstr(bound.name));
    EXPECT_TRUE(judge(limits, 1000).fits()) << bound.name;
  }
}

TEST(Headroom, SaysTheCommandThatRaisesALimit) {
  MachineLimits limits = machine();
  limits.tcp_mem_pages = {10, 15, 20};
  limits.file_max = 1000;
  const Headroom headroom = judge(limits, 1'000'000);
  EXPECT_EQ(finding(headroom, "fs.file-max").command, "sysctl -w fs.file-max='2004899'");
  // 1024 pages, and one at each end of a hundredth of the connections.
  EXPECT_EQ(finding(headroom, "net.ipv4.tcp_mem").command, "sysctl -w net.ipv4.tcp_mem='10512 15768 21024'");
  EXPECT_THAT(describe_headroom(headroom, 5),
              HasSubstr("at most 5 do. Raise what is too low; as root 'fanin doctor --fix'"));
}

// Would catch a remedy that does not cure: with all that is set as the findings say, the machine must be judged fit.
TEST(Headroom, WhatItSaysToRaiseIsEnough) {
  MachineLimits limits = machine();
  limits.descriptors_hard = 1024;
  limits.nr_open = 1024;
  const Headroom before = judge(limits, 1'000'000);
  EXPECT_EQ(before.server_processes, std::nullopt);
  const Finding low = finding(before, "RLIMIT_NOFILE");
  ASSERT_EQ(low.status, Status::kTooLow);
  EXPECT_THAT(low.command, HasSubstr("ulimit -Hn 65536"));
  EXPECT_EQ(finding(before, "fs.nr_open").raise->value, "65536");
  limits.descriptors_hard = *low.required;
  limits.nr_open = *low.required;
  EXPECT_TRUE(judge(limits, 1'000'000).fits());
}

// A short accept queue makes connecting slow, but all connections fit in the end.
TEST(Headroom, AShortQueueIsSlowAndNotTooLow) {
  MachineLimits limits = machine();
  limits.somaxconn = 128;
  const Headroom headroom = judge(limits, 1'000'000);
  EXPECT_TRUE(headroom.fits());
  EXPECT_EQ(finding(headroom, "net.core.somaxconn").status, Status::kSlow);
  EXPECT_EQ(finding(headroom, "net.core.somaxconn").raise->value, "4096");
  EXPECT_EQ(finding(judge(limits, 100), "net.core.somaxconn").status, Status::kOk);
}

// Expected: 2,000,000 ends at four to a bucket are 500,000 buckets; 2^21 is the first power of two above 2,000,000.
TEST(Headroom, FewBucketsAreSlowAndSayHowToHaveMore) {
  MachineLimits limits = machine();
  const std::string name = "net.ipv4.tcp_ehash_entries";
  const Headroom headroom = judge(limits, 1'000'000);
  EXPECT_TRUE(headroom.fits());
  EXPECT_EQ(finding(headroom, name).status, Status::kSlow);
  EXPECT_EQ(finding(headroom, name).required, 500'000U);
  EXPECT_THAT(finding(headroom, name).command, HasSubstr("net.ipv4.tcp_child_ehash_entries=2097152,"));
  EXPECT_EQ(finding(judge(limits, 500'000), name).status, Status::kOk);
}

// A module that is loaded but tracks nothing limits nothing; one that tracks does.
TEST(Headroom, ConnectionTrackingBindsOnlyWhereItTracks) {
  const std::string name = "net.netfilter.nf_conntrack_max";
  MachineLimits limits = machine();
  EXPECT_EQ(finding(judge(limits, 1'000'000), name).status, Status::kOk);
  limits.has_conntrack = true;
  limits.conntrack_max = 262'144;
  limits.conntrack_in_use = 0;
  EXPECT_EQ(finding(judge(limits, 1'000'000), name).status, Status::kOk);
  limits.tcp_sockets = 0;  // as in a new network namespace, for which it was taken to bind
  EXPECT_EQ(finding(judge(limits, 1'000'000), name).status, Status::kUnknown);
  limits.tcp_sockets = 8;
  limits.conntrack_in_use = 7;
  EXPECT_EQ(finding(judge(limits, 1'000'000), name).status, Status::kTooLow);
  EXPECT_EQ(finding(judge(limits, 1'000'000), name).required, 1'000'007U);
  EXPECT_EQ(finding(judge(limits, 262'137), name).status, Status::kOk);
}

// What cannot be read is no reason to refuse, and no zero either.
TEST(Headroom, WhatIsUnreadableIsUnknown) {
  const Headroom headroom = judge(MachineLimits{}, 1'000'000);
  EXPECT_TRUE(headroom.fits());
  for (const char* name : {"RLIMIT_NOFILE", "fs.file-max", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_mem", "memory",
                           "kernel.pid_max"}) {
    EXPECT_EQ(finding(headroom, name).status, Status::kUnknown) << name;
  }
}

// file-max is what binds first: 2 N + 803 + 4096 = 2,466,170.
TEST(Headroom, FindsTheMostThatFit) {
  const MachineLimits limits = machine();
  EXPECT_EQ(find_max_connections(limits), 1'230'635U);
  EXPECT_FALSE(judge(limits, 1'230'636).fits());
  const Json report = headroom_json(judge(limits, 2'000'000), find_max_connections(limits));
  EXPECT_EQ(report.at("fits"), false);
  EXPECT_EQ(report.at("max_connections"), 1'230'635);
}

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kFiles = "/proc/sys/fs/file-max";
constexpr const char* kMemory = "/proc/sys/net/ipv4/tcp_mem";

class LimitChangesTest : public testing::Test {
 protected:
  LimitChangesTest() {
    root_.write(kFiles, "1000\n");
    root_.write(kMemory, "1\t2\t3\n");
  }
  // A new object each time, as each run of the program has one.
  LimitChanges changes() const { return {root_.path(), state_}; }

  const FakeSysroot root_;
  const std::string state_ = root_.path() + "/state/fanin/doctor.json";
};

TEST_F(LimitChangesTest, SetsAndPutsBack) {
  const auto set = changes().apply(std::vector<Setting>{{"fs.file-max", "5000"}, {"net.ipv4.tcp_mem", "4 5 6"}});
  EXPECT_TRUE(set.complete);
  EXPECT_THAT(set.lines, ElementsAre("fs.file-max was 1000, is 5000 now", "net.ipv4.tcp_mem was 1 2 3, is 4 5 6 now"));
  EXPECT_EQ(root_.read(kFiles), "5000\n");
  const auto back = changes().undo();
  EXPECT_TRUE(back.complete);
  EXPECT_EQ(root_.read(kFiles), "1000\n");
  EXPECT_EQ(root_.read(kMemory), "1\t2\t3\n");
  EXPECT_FALSE(std::filesystem::exists(state_));
  EXPECT_THAT(changes().undo().lines, ElementsAre());
}

// Would catch a second fix that takes the first one's values for the machine's own.
TEST_F(LimitChangesTest, ASecondFixKeepsTheOlderOriginals) {
  changes().apply(std::vector<Setting>{{"fs.file-max", "5000"}});
  changes().apply(std::vector<Setting>{{"fs.file-max", "9000"}, {"net.ipv4.tcp_mem", "4 5 6"}});
  EXPECT_EQ(root_.read(kFiles), "9000\n");
  EXPECT_TRUE(changes().undo().complete);
  EXPECT_EQ(root_.read(kFiles), "1000\n");
  EXPECT_EQ(root_.read(kMemory), "1\t2\t3\n");
}

// Would catch originals that are written only when all is done: a fix that stops half way could not be undone.
TEST_F(LimitChangesTest, APartialFixCanBeUndone) {
  const auto set = changes().apply(std::vector<Setting>{{"fs.file-max", "5000"}, {"fs.no-such-limit", "1"}});
  EXPECT_FALSE(set.complete);
  EXPECT_THAT(set.lines.at(1), HasSubstr("fs.no-such-limit stays"));
  EXPECT_THAT(set.lines.at(1), HasSubstr("No such file or directory"));
  EXPECT_EQ(root_.read(kFiles), "5000\n");
  changes().undo();
  EXPECT_EQ(root_.read(kFiles), "1000\n");
}

// Would catch a change that could not be undone because its state had no place.
TEST_F(LimitChangesTest, ChangesNothingWhereTheStateCannotBeWritten) {
  LimitChanges homeless(root_.path(), "/proc/nowhere/doctor.json");
  EXPECT_THROW(homeless.apply(std::vector<Setting>{{"fs.file-max", "5000"}}), std::system_error);
  EXPECT_EQ(root_.read(kFiles), "1000\n");
}

TEST_F(LimitChangesTest, RefusesAStateThatItCannotRead) {
  root_.write("/state/fanin/doctor.json", R"({"schema_version":2,"originals":{}})");
  EXPECT_THROW(changes().undo(), std::invalid_argument);
  root_.write("/state/fanin/doctor.json", "{");
  EXPECT_THROW(changes().apply(std::vector<Setting>{{"fs.file-max", "5000"}}), std::invalid_argument);
  EXPECT_EQ(root_.read(kFiles), "1000\n");
}

// Would catch: --undo as root with the user's environment (sudo -E), which sets whatever the user's file says.
TEST_F(LimitChangesTest, SetsNothingThatIsNotTheDoctorsOwn) {
  root_.write("/proc/sys/kernel/core_pattern", "core\n");
  for (const char* originals : {R"({"kernel.core_pattern":"|/tmp/evil"})", R"({"fs.file-max":"9","kernel.sysrq":"1"})",
                                R"({"fs/file-max":"9"})", R"({"../sys/fs.file-max":"9"})", R"({"fs.file-max":"9 9"})",
                                R"({"fs.file-max":"nine"})", R"({"net.ipv4.tcp_mem":"3 2 1"})",
                                R"({"fs.file-max":"0"})", R"({"fs.file-max":"9\n1"})"}) {
    root_.write("/state/fanin/doctor.json", std::string(R"({"schema_version":1,"originals":)") + originals + "}");
    EXPECT_THROW(changes().undo(), std::invalid_argument) << originals;
    EXPECT_THROW(changes().apply(std::vector<Setting>{{"fs.file-max", "5000"}}), std::invalid_argument) << originals;
  }
  EXPECT_EQ(root_.read("/proc/sys/kernel/core_pattern"), "core\n");
  EXPECT_EQ(root_.read(kFiles), "1000\n");
}

// Would catch: a state that others can write being trusted as what the doctor has written.
TEST_F(LimitChangesTest, RefusesAPlaceWhereOthersCanWrite) {
  changes().apply(std::vector<Setting>{{"fs.file-max", "5000"}});
  for (const char* part : {"/state/fanin/doctor.json", "/state/fanin", "/state"}) {
    const std::filesystem::path path = root_.path() + part;
    const auto before = std::filesystem::status(path).permissions();
    std::filesystem::permissions(path, before | std::filesystem::perms::others_write);
    EXPECT_THROW(changes().undo(), std::invalid_argument) << part;
    std::filesystem::permissions(path, before | std::filesystem::perms::group_write);
    EXPECT_THROW(changes().apply(std::vector<Setting>{{"fs.file-max", "6000"}}), std::invalid_argument) << part;
    std::filesystem::permissions(path, before);
  }
  EXPECT_EQ(root_.read(kFiles), "5000\n");
  EXPECT_TRUE(changes().undo().complete);
}

// Would catch: a limit that the doctor raises and then refuses to put back.
TEST(DoctorsValues, CoverAllThatTheDoctorRaises) {
  MachineLimits poor;
  poor.descriptors_hard = 100;
  poor.nr_open = poor.file_max = poor.epoll_watches = poor.somaxconn = poor.syn_backlog = 10;
  poor.first_port = 60'000;
  poor.last_port = 60'015;
  poor.tcp_mem_pages = {10, 10, 10};
  poor.has_conntrack = true;
  poor.conntrack_max = poor.threads_max = poor.pid_max = 10;
  poor.conntrack_in_use = poor.tcp_sockets = 1;
  poor.tasks_in_use = 500;
  std::size_t raised = 0;
  for (const Finding& finding : judge(poor, 1'000'000).findings) {
    if (finding.raise) {
      ++raised;
      EXPECT_TRUE(is_doctors_value(finding.raise->name, finding.raise->value)) << finding.raise->name;
    }
  }
  EXPECT_EQ(raised, 10U);
  EXPECT_TRUE(is_doctors_value("net.ipv4.tcp_mem", "1\t2\t3"));
  EXPECT_TRUE(is_doctors_value("fs.file-max", "9223372036854775807"));
}

}  // namespace

}  // namespace fanin::harness
