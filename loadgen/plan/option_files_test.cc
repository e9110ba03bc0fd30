#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include "loadgen/plan/command_line.h"

namespace fanin::load {
namespace {

namespace fs = std::filesystem;

class OptionsFiles : public testing::Test {
 protected:
  OptionsFiles() {
    std::string name = testing::TempDir() + "options_files_XXXXXX";
    folder_ = ::mkdtemp(name.data());
    std::ofstream(path("input")) << "x";
    fs::create_symlink(path("input"), path("link"));
    options_.quiet = true;
  }
  ~OptionsFiles() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  // The message for `--json PATH`, or for `--live-json PATH`.
  std::string refusal(std::string LoadOptions::*output, const std::string& path) const {
    LoadOptions options = options_;
    options.*output = path;
    try {
      refuse_shared_files(options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "taken";
  }

  fs::path folder_;
  LoadOptions options_;
};

// Would catch: an input file that the result replaces, also under another name.
TEST_F(OptionsFiles, WhatIsReadIsNotWritten) {
  const auto expect_refused = [this](const std::string& option) {
    for (const auto output : {&LoadOptions::json_path, &LoadOptions::live_json_path}) {
      for (const char* name : {"input", "link"}) {
        const std::string said = (output == &LoadOptions::json_path ? "--json " : "--live-json ") + path(name) +
                                 " and " + option + " " + path("input") + " are one file: give each its own";
        EXPECT_EQ(refusal(output, path(name)), said);
      }
      EXPECT_EQ(refusal(output, path("output")), "taken");
    }
  };
  const LoadOptions none = options_;
  options_.body_files[path("input")] = nullptr;
  expect_refused("--body-file");
  options_ = none;
  std::istringstream times("0\n1\n");
  options_.trace = std::make_shared<const ArrivalTrace>(ArrivalTrace::read(times, path("input")));
  expect_refused("--arrival trace");
  options_ = none;
  options_.calibration = InputFile{.path = path("input"), .content = "x"};
  expect_refused("--calibration");
}

}  // namespace
}  // namespace fanin::load
