#include "harness/analysis/plots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class Plots : public ::testing::Test {
 protected:
  Plots() : root_(fs::temp_directory_path() / ("fanin-plots-" + std::to_string(::getpid()))) {
    fs::create_directories(root_ / "tree" / "build" / "release");
  }
  ~Plots() override { fs::remove_all(root_); }

  void put(const fs::path& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  fs::path root_;
};

// Would catch: charts that can only be drawn from the root of the source tree, or with plots/ of somebody else's.
TEST_F(Plots, AreBesideTheProgramOrAboveIt) {
  const fs::path program = root_ / "tree" / "build" / "release";
  EXPECT_THAT([&] { find_plots(program); }, ThrowsMessage<std::invalid_argument>(HasSubstr(program.string())));
  put("tree/plots/__main__.py", "");
  EXPECT_THROW(find_plots(program), std::invalid_argument);  // a folder of that name with no schemas is another one
  put("tree/results/schema/run.schema.json", "{}");
  EXPECT_EQ(find_plots(program), root_ / "tree");
  put("tree/build/release/plots/__main__.py", "");
  put("tree/build/release/results/schema/run.schema.json", "{}");
  EXPECT_EQ(find_plots(program), program);
}

TEST_F(Plots, OfASweepAreItsCurve) {
  put("curve.json", R"({"schema": "fanin-load-sweep"})");
  put("run.json", R"({"schema": "fanin-run"})");
  put("list.json", "[1]");
  put("none.json", "no");
  const auto module = [&](const char* name) { return find_plots_module((root_ / name).string()); };
  EXPECT_EQ(module("curve.json"), "plots.load_curve");
  EXPECT_EQ(module("run.json"), "plots");
  EXPECT_EQ(module("list.json"), "plots");
  EXPECT_EQ(module("not-there"), "plots");
  EXPECT_THROW(module("none.json"), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::harness
