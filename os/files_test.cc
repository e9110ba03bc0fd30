#include "os/files.h"

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
#include <stdexcept>
#include <system_error>

#include "net/descriptor.h"
#include "os/procfs.h"
#include "os/temporary_directory.h"

namespace fanin::os {
namespace {

namespace fs = std::filesystem;

class InputFiles : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
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

  TemporaryDirectory folder_;
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
  const net::Descriptor reader(ends[0]);
  net::Descriptor writer(ends[1]);
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

namespace fs = std::filesystem;

class OutputFiles : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  static std::string refusal(const std::string& path) {
    try {
      open_output_file(path, O_CREAT, "cannot write");
      return "opened";
    } catch (const std::system_error& error) {
      return error.what();
    }
  }

  TemporaryDirectory folder_;
};

// Would catch: a named pipe without a reader, at which fanin-load hung in open() until SIGKILL, and a result written
// over a disk.
TEST_F(OutputFiles, WhatTakesNoOutputIsRefused) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal(path("fifo")),
            "cannot write: no process reads from it, start the reader first: No such device or address");
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
  const net::Descriptor fd = open_output_file(path("long"), O_CREAT, "cannot write");
  EXPECT_EQ(write_bytes(fd.get(), text, Wait::kUntilTaken).bytes, text.size());
  std::ifstream file(path("long"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

// Would catch: a run that waits for a reader which has stopped reading, deaf to SIGINT. The descriptor blocks, as
// standard output does; the timer goes on ringing, so that one signal comes while it waits.
TEST_F(OutputFiles, AFullPipeIsNotWaitedForWithoutEnd) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const net::Descriptor reader(ends[0]);
  const net::Descriptor writer(ends[1]);
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
  const net::Descriptor fd = open_output_file("/dev/full", 0, "cannot write");
  EXPECT_EQ(write_bytes(fd.get(), "x", Wait::kUntilTaken).error, ENOSPC);
}

// A folder of its own for each test.
class AtomicFileTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/run.json"; }

  TemporaryDirectory folder_;
};

TEST_F(AtomicFileTest, ReplacesAFileAsAWhole) {
  write_file_atomically(path(), "first");
  write_file_atomically(path(), "second");
  EXPECT_EQ(read_file(path()), "second");
  const std::filesystem::directory_iterator files(folder_.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

// The bug: the temporary file had the name run.json.partial, which a second writer shared and a body file could have.
TEST_F(AtomicFileTest, LeavesOtherFilesAlone) {
  write_file_atomically(path() + ".partial", "a body");
  write_file_atomically(path(), "first");
  EXPECT_EQ(read_file(path() + ".partial"), "a body");
}

TEST(AtomicFile, NamesAnUnwritableFolder) {
  EXPECT_THROW(write_file_atomically("/proc/run.json", "{}"), std::system_error);
}

}  // namespace

}  // namespace fanin::os
