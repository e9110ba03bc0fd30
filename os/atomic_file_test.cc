#include "os/atomic_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "os/procfs.h"

namespace fanin {
namespace {

// A folder of its own for each test.
class AtomicFileTest : public ::testing::Test {
 protected:
  AtomicFileTest() : folder_(::testing::TempDir() + "/atomic_file_" + std::to_string(::getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~AtomicFileTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/run.json"; }

  std::string folder_;
};

TEST_F(AtomicFileTest, ReplacesAFileAsAWhole) {
  write_file_atomically(path(), "first");
  write_file_atomically(path(), "second");
  EXPECT_EQ(read_file(path()), "second");
  const std::filesystem::directory_iterator files(folder_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

// The bug: the temporary file had the name run.json.partial, which a second writer shared and a body file could have.
TEST_F(AtomicFileTest, LeavesOtherFilesAlone) {
  write_file_atomically(path() + ".partial", "a body");
  write_file_atomically(path(), "first");
  EXPECT_EQ(read_file(path() + ".partial"), "a body");
}

TEST(AtomicFile, NamesAnUnwritableFolder) {
  EXPECT_THROW(write_file_atomically("/proc/run.json", "{}"), std::system_error);
}

}  // namespace
}  // namespace fanin
