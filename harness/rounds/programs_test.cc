#include "harness/rounds/programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class ProgramsTest : public ::testing::Test {
 protected:
  ProgramsTest() : root_(fs::temp_directory_path() / ("fanin-programs-" + std::to_string(::getpid()))) {
    fs::create_directories(root_);
  }
  ~ProgramsTest() override { fs::remove_all(root_); }

  fs::path root_;
};

// Would catch: an installed fanin that looks for suites and plots in a source tree.
TEST_F(ProgramsTest, DataIsBesideTheProgramOrInItsPrefix) {
  Programs programs;
  programs.self = root_ / "bin" / "fanin";
  EXPECT_THAT([&] { programs.data(); }, ThrowsMessage<std::invalid_argument>(HasSubstr((root_ / "bin").string())));
  fs::create_directories(root_ / "share" / "fanin" / "suites");
  EXPECT_EQ(programs.data(), root_ / "share" / "fanin");
  fs::create_directories(root_ / "bin" / "share" / "fanin" / "suites");
  EXPECT_EQ(programs.data(), root_ / "bin" / "share" / "fanin");
}

}  // namespace
}  // namespace fanin::harness
