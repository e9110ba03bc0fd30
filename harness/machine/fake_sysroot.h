#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace fanin::harness {

// A directory that stands for / in a test, removed at its end. Its name has the test and the process, so that tests,
// and several builds of them, may run at the same time.
class FakeSysroot {
 public:
  FakeSysroot() : path_(std::filesystem::temp_directory_path() / ("fanin-root-" + own_name())) {
    std::filesystem::remove_all(path_);
  }
  FakeSysroot(const FakeSysroot&) = delete;
  FakeSysroot& operator=(const FakeSysroot&) = delete;
  ~FakeSysroot() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path_ + file).parent_path());
    std::ofstream(path_ + file) << text;
  }
  std::string read(const std::string& file) const {
    std::ifstream stream(path_ + file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  static std::string own_name() {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    return std::string(test->test_suite_name()) + "-" + test->name() + "-" + std::to_string(::getpid());
  }

  std::string path_;
};

}  // namespace fanin::harness
