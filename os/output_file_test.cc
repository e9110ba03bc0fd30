#include "os/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace fanin {
namespace {

namespace fs = std::filesystem;

class OutputFiles : public testing::Test {
 protected:
  OutputFiles() {
    std::string name = testing::TempDir() + "output_file_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~OutputFiles() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  static std::string refusal(const std::string& path) {
    try {
      open_output_file(path, O_CREAT, "cannot write");
      return "opened";
    } catch (const std::system_error& error) {
      return error.what();
    }
  }

  fs::path folder_;
};

// Would catch: a named pipe without a reader, at which fanin-load hung in open() until SIGKILL, and a result written
// over a disk.
TEST_F(OutputFiles, WhatTakesNoOutputIsRefused) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal(path("fifo")),
            "cannot write: nobody reads from it, start the reader first: No such device or address");
  EXPECT_NE(refusal("/dev/zero").find("it is a device"), std::string::npos);
  EXPECT_NE(refusal(path("")).find("Is a directory"), std::string::npos);
  EXPECT_NE(refusal("/none/file").find("No such file"), std::string::npos);
  EXPECT_EQ(refusal("/dev/null"), "opened");
  EXPECT_EQ(refusal(path("file")), "opened");
}

// Would catch: a result and its live lines in one file, where the lines were lost; also under another name or a link.
TEST_F(OutputFiles, TwoNamesOfOneFileAreRecognised) {
  std::ofstream(path("a")) << "x";
  fs::create_symlink(path("a"), path("link"));
  fs::create_hard_link(path("a"), path("hard"));
  EXPECT_TRUE(is_same_output(path("a"), path("a")));
  EXPECT_TRUE(is_same_output(path("a"), path("./a")));
  EXPECT_TRUE(is_same_output(path("a"), path("link")));
  EXPECT_TRUE(is_same_output(path("a"), path("hard")));
  EXPECT_FALSE(is_same_output(path("a"), path("none")));
  EXPECT_FALSE(is_same_output("/dev/null", "/dev/null"));
  // The bug: of a pipe no two names were the same, so `--json - --live-json /dev/stdout` mixed both.
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  fs::create_symlink(path("pipe"), path("pipe-link"));
  EXPECT_TRUE(is_same_output(path("pipe"), path("pipe-link")));
}

TEST_F(OutputFiles, AllOfALongTextIsWritten) {
  const std::string text(100'000, 'x');
  const Descriptor fd = open_output_file(path("long"), O_CREAT, "cannot write");
  EXPECT_EQ(write_bytes(fd.get(), text, Wait::kUntilTaken).bytes, text.size());
  std::ifstream file(path("long"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

// Would catch: a run that waits for a reader which has stopped reading, deaf to SIGINT. The descriptor blocks, as
// standard output does; the timer goes on ringing, so that one signal comes while it waits.
TEST_F(OutputFiles, AFullPipeIsNotWaitedForWithoutEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor reader(ends[0]);
  const Descriptor writer(ends[1]);
  const std::string more(1'000'000, 'x');
  const Written taken = write_bytes(writer.get(), more, Wait::kNo);
  EXPECT_GT(taken.bytes, 0U);
  EXPECT_LT(taken.bytes, more.size());
  EXPECT_EQ(taken.error, 0);
  struct sigaction ignore {};
  ignore.sa_handler = [](int) {};
  ignore.sa_flags = SA_RESTART;
  struct sigaction before {};
  ::sigaction(SIGALRM, &ignore, &before);
  const itimerval often{{0, 1000}, {0, 1000}};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  EXPECT_EQ(write_bytes(writer.get(), more, Wait::kUntilTaken).error, EINTR);
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
}

TEST_F(OutputFiles, AFullDeviceIsAnError) {
  const Descriptor fd = open_output_file("/dev/full", 0, "cannot write");
  EXPECT_EQ(write_bytes(fd.get(), "x", Wait::kUntilTaken).error, ENOSPC);
}

}  // namespace
}  // namespace fanin
