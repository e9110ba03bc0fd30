#include "harness/machine/limit_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <system_error>

#include "harness/machine/written_root.h"

namespace fanin {
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

  const WrittenRoot root_;
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

}  // namespace
}  // namespace fanin
