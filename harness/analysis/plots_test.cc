#include "harness/analysis/plots.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

class Plots : public ::testing::Test {
 protected:
  Plots() : root_(fs::temp_directory_path() / ("fanin-plots-" + std::to_string(::getpid()))) {
    fs::create_directories(root_);
  }
  ~Plots() override { fs::remove_all(root_); }

  void put(const fs::path& path, const std::string& text) const { std::ofstream(root_ / path) << text; }

  fs::path root_;
};

TEST_F(Plots, TheKindOfAFileChoosesTheChart) {
  put("curve.json", R"({"schema": "fanin-load-sweep"})");
  put("verdict.json", R"({"schema": "fanin-verdict"})");
  put("odd.json", R"({"schema": ["fanin-verdict"]})");
  put("run.json", R"({"schema": "fanin-run"})");
  put("micro.json", R"({"context": {}, "benchmarks": []})");
  put("list.json", "[1]");
  put("none.json", "no");
  const auto module = [&](const char* name) { return find_plots_module((root_ / name).string()); };
  EXPECT_EQ(module("curve.json"), "plots.load_curve");
  EXPECT_EQ(module("verdict.json"), "plots.verdict");
  EXPECT_EQ(module("micro.json"), "plots.micro");
  EXPECT_EQ(module("odd.json"), "plots");
  EXPECT_EQ(module("run.json"), "plots");
  EXPECT_EQ(module("list.json"), "plots");
  EXPECT_EQ(module("not-there"), "plots");
  EXPECT_THROW(module("none.json"), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::harness
