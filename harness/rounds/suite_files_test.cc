#include "harness/rounds/suite_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::StartsWith;

Suite suite_with(const std::string& workload) {
  return parse_suite(Json::parse(R"({"schema":"fanin-suite","schema_version":2,"name":"n","repetitions":1,
      "servers":[{"name":"s","model":"epoll"}],"experiments":[{"name":"e","servers":["s"],"workload":)" +
                                 workload + R"(,"sweep":{"parameter":"connections","values":[1]}}]})"),
                     "s.json");
}

class SuiteFilesTest : public testing::Test {
 protected:
  SuiteFilesTest() { fs::create_directories(folder_); }
  ~SuiteFilesTest() override { fs::remove_all(folder_); }

  // What is said of a file with this content that the workload names, without the experiment and the folder.
  std::string complaint(const std::string& workload, const std::string& content) const {
    std::ofstream(folder_ / "f") << content;
    try {
      check_suite_files(suite_with(workload), folder_);
    } catch (const std::invalid_argument& error) {
      std::string text = error.what();
      const std::string folder = folder_.string() + "/";
      if (const auto at = text.find(folder); at != std::string::npos) {
        text.erase(at, folder.size());
      }
      return text;
    }
    return "taken";
  }

  fs::path folder_ = fs::temp_directory_path() / ("fanin-suite-files-" + std::to_string(::getpid()));
};

constexpr const char* kTrace = R"({"protocol":"echo","arrival":"trace","trace":"f"})";

// The bug: such a trace was found when its round ran, and the cell was said to have failed.
TEST_F(SuiteFilesTest, ATraceIsReadBeforeAnythingRuns) {
  EXPECT_EQ(complaint(kTrace, "0\n0.01\n0.02\n"), "taken");
  EXPECT_EQ(complaint(kTrace, ""), "experiment 'e': trace f: it is empty: name a file with something in it");
  EXPECT_EQ(complaint(kTrace, "0\nnonsense\n"),
            "experiment 'e': f:2: 'nonsense' is no time: give seconds such as 0.125, or a unit, as in 125ms");
  EXPECT_EQ(complaint(kTrace, "0\n2\n1\n"),
            "experiment 'e': f:3: 1 is earlier than the time before it: sort the times");
  EXPECT_EQ(complaint(kTrace, "5\n"), "experiment 'e': f: a trace needs two different times: give one time per line");
  EXPECT_THAT(complaint(kTrace, "0\n1ns\n"), EndsWith("requests/s, which is above 100000000: give 'rate'"));
  EXPECT_EQ(complaint(R"({"protocol":"echo","arrival":"trace","trace":"f","rate":5})", "0\n1ns\n"), "taken");
}

// The generator reads body files likewise: an empty one, which it refuses, was found when the round ran.
TEST_F(SuiteFilesTest, ABodyFileIsReadBeforeAnythingRuns) {
  constexpr const char* kBody = R"({"protocol":"http","method":"POST","body_file":"f"})";
  EXPECT_EQ(complaint(kBody, "b"), "taken");
  EXPECT_THAT(complaint(kBody, ""), StartsWith("experiment 'e': body_file f: it is empty"));
}

}  // namespace
}  // namespace fanin::harness
