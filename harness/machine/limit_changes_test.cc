#include "harness/machine/limit_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <system_error>

#include "harness/machine/fake_sysroot.h"

namespace fanin::harness {
namespace {

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
