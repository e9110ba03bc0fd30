#include "os/result_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "net/descriptor.h"
#include "os/temporary_directory.h"

namespace fanin::os {
namespace {

namespace fs = std::filesystem;

class ResultFileTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
  static std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryDirectory folder_;
};

TEST_F(ResultFileTest, ReplacesAFileAsAWhole) {
  std::ofstream(path("result")) << "old and longer";
  {
    ResultFile file(path("result"));
    EXPECT_EQ(content(path("result")), "old and longer");
    file.write("new");
  }
  EXPECT_EQ(content(path("result")), "new");
  EXPECT_EQ(files(), 1U);
}

TEST_F(ResultFileTest, LeavesEverythingAsItWasWhenNothingIsWritten) {
  std::ofstream(path("result")) << "old";
  { const ResultFile file(path("result")); }
  EXPECT_EQ(content(path("result")), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(ResultFileTest, FollowsASymbolicLink) {
  std::ofstream(path("target")) << "old";
  fs::create_symlink(path("target"), path("link"));
  ResultFile(path("link")).write("new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content(path("target")), "new");
}

// The bug: an unwritable path was noticed after the run, whose result was lost.
TEST_F(ResultFileTest, ABadPathIsNamedBeforeTheRun) {
  try {
    const ResultFile file(path("no/such/folder"));
    FAIL() << "opened";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "cannot write the result to " + path("no/such/folder") +
                                ": No such file or directory: give another file with --json");
  }
}

// The bug: fanin ab --json replaced a server file that it had read, and fanin export --out the verdicts themselves.
TEST_F(ResultFileTest, AnInputIsNoOutput) {
  std::ofstream(path("base.json")) << "{}";
  fs::create_symlink(path("base.json"), path("link"));
  try {
    open_result_file(path("link"), "--json", {"epoll", path("base.json")});
    FAIL() << "opened";
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(error.what(),
              "--json " + path("link") + ": would replace the input " + path("base.json") + ": name another file");
  }
  EXPECT_EQ(content(path("base.json")), "{}");
  EXPECT_EQ(open_result_file("", "--json", {}), nullptr);
}

// The bug: a device was replaced by a regular file of the same name.
// Found with `--json /dev/stdout` where standard output was a temporary file: its name could not be resolved.
TEST_F(ResultFileTest, WritesInPlaceToWhatIsOpenWithoutAName) {
  const net::Descriptor nameless(::open(folder_.path().c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (!nameless) {
    GTEST_SKIP() << "needs a file system with O_TMPFILE";
  }
  const std::string name = "/proc/self/fd/" + std::to_string(nameless.get());
  ResultFile(name).write("new");
  EXPECT_EQ(content(name), "new");
  EXPECT_EQ(files(), 0U);
}

TEST_F(ResultFileTest, WritesToADeviceInPlace) {
  fs::create_symlink("/dev/full", path("full"));
  ResultFile file(path("full"));
  try {  // the bug: no word of what to do
    file.write("x");
    FAIL() << "written";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "cannot write the result to " + path("full") +
                                ": No space left on device: free space, or give another file with --json");
  }
  EXPECT_TRUE(fs::is_symlink(path("full")));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

}  // namespace
}  // namespace fanin::os
