#include "harness/rounds/run_lock.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace fanin::harness {
namespace {

class RunLockTest : public testing::Test {
 protected:
  RunLockTest() { std::filesystem::create_directories(folder_); }
  ~RunLockTest() override { std::filesystem::remove_all(folder_); }

  std::string complaint() const {
    try {
      const RunLock lock(folder_);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "taken";
  }

  std::string folder_ = std::filesystem::temp_directory_path() / ("fanin-lock-" + std::to_string(::getpid()));
};

// The bug: two runs, or a run and its --resume, measured into one directory at once, each round twice.
TEST_F(RunLockTest, IsHeldByOneAtATime) {
  {
    const RunLock first(folder_);
    const std::string expected =
        fmt::format("{}: a run is under way in it (pid {}): wait for its end", folder_, ::getpid());
    EXPECT_EQ(complaint(), expected);
    EXPECT_EQ(complaint(), expected);  // nor has the one that was refused taken the file away
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/run.lock"));
  }
  EXPECT_EQ(complaint(), "taken");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/run.lock"));
}

// Would catch: a harness that was killed and whose run can never be resumed.
TEST_F(RunLockTest, IsNotHeldByAFileThatACrashLeft) {
  std::ofstream(folder_ + "/run.lock") << "4711\n";
  EXPECT_EQ(complaint(), "taken");
}

TEST_F(RunLockTest, MovesWithItsOwner) {
  RunLock first(folder_);
  const RunLock second = std::move(first);
  EXPECT_NE(complaint(), "taken");
}

TEST(RunLock, NamesAFolderThatCannotBeWritten) { EXPECT_THROW(RunLock("/proc"), std::system_error); }

}  // namespace
}  // namespace fanin::harness
