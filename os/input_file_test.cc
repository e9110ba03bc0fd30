#include "os/input_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "net/descriptor.h"

namespace fanin {
namespace {

namespace fs = std::filesystem;

class InputFiles : public testing::Test {
 protected:
  InputFiles() {
    std::string name = std::filesystem::temp_directory_path() / "input_file_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~InputFiles() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name)) << content;
    return path(name);
  }
  static std::string refusal(const std::string& path, const InputLimits& limits = {}) {
    try {
      return "taken: " + read_input_file(path, "--body-file", limits).content;
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  }

  fs::path folder_;
};

TEST_F(InputFiles, AFileIsReadToItsEnd) {
  const std::string content(200'000, 'x');
  const InputFile file = read_input_file(write("a", content), "");
  EXPECT_EQ(file.content, content);
  EXPECT_EQ(file.path, path("a"));
}

// Would catch: a body that ends at the first piece that the shell's <(command) has written.
TEST_F(InputFiles, APipeIsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  ASSERT_EQ(::write(writer.get(), "hello", 5), 5);
  writer.reset();
  const std::string name = "/proc/self/fd/" + std::to_string(reader.get());
  EXPECT_EQ(read_input_file(name, "").content, "hello");
  EXPECT_NE(refusal(name, {.may_be_pipe = false}).find("it is a pipe"), std::string::npos);
}

// Would catch: the named pipe without a writer at which fanin-load hung in open(), deaf to SIGINT and SIGTERM. The
// timer goes on ringing, so that one signal comes while it waits.
TEST_F(InputFiles, ASignalEndsTheWaitForAWriter) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  struct sigaction ignore {};
  ignore.sa_handler = [](int) {};
  ignore.sa_flags = SA_RESTART;
  struct sigaction before {};
  ::sigaction(SIGALRM, &ignore, &before);
  const itimerval often{{0, 1000}, {0, 1000}};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  EXPECT_NE(refusal(path("fifo")).find("a signal came before its end"), std::string::npos);
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
}

// Would catch: /dev/zero, of which fanin-load took 250 MB a second until the machine had no more, and empty bodies that
// were sent as if they had been meant.
TEST_F(InputFiles, WhatIsNoInputIsRefusedInOneLine) {
  EXPECT_EQ(refusal("/dev/zero"), "--body-file /dev/zero: it is a device: name a file");
  EXPECT_EQ(refusal("/dev/null"), "--body-file /dev/null: it is a device: name a file");
  EXPECT_EQ(refusal("/"), "--body-file /: it is a directory: name a file");
  EXPECT_EQ(refusal("/none"), "--body-file /none: No such file or directory: name a file to read");
  EXPECT_NE(refusal(write("empty", "")).find("it is empty"), std::string::npos);
  EXPECT_EQ(refusal(path("empty"), {.may_be_empty = true}), "taken: ");
  EXPECT_EQ(refusal(write("long", "123456"), {.max_bytes = 6}), "taken: 123456");
  EXPECT_NE(refusal(path("long"), {.max_bytes = 5}).find("longer than 5 bytes"), std::string::npos);
}

}  // namespace
}  // namespace fanin
