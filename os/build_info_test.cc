#include "os/build_info.h"

#include <gtest/gtest.h>

namespace fanin {
namespace {

// Would catch: a bug report, or a result, of which nobody can say which sources it is of.
TEST(BuildInfo, TheVersionSaysOfWhichSourcesAndHowBuilt) {
  const BuildInfo& build = build_info();
  const std::string text = version_text("prog", "drivers: epoll");
  EXPECT_EQ(text.find("prog " + std::string(build.version) + ", commit "), 0U) << text;
  EXPECT_NE(text.find(build.compiler), std::string::npos) << text;
  EXPECT_NE(text.find(build.build_type), std::string::npos) << text;
  EXPECT_NE(text.find("\ndrivers: epoll"), std::string::npos) << text;
  EXPECT_EQ(text.find(" with changes") != std::string::npos, build.git_dirty) << text;
}

// Would catch: figures of a debug build or of a sanitizer taken for the program's.
TEST(BuildInfo, WarnsExactlyWhereTheBuildIsSlower) {
  const bool release = build_info().optimised && build_info().sanitizers.empty();
  EXPECT_EQ(build_warning().empty(), release) << build_warning();
#ifdef __SANITIZE_ADDRESS__
  EXPECT_NE(build_warning().find("sanitizers"), std::string::npos);
#endif
}

}  // namespace
}  // namespace fanin
