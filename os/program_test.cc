#include "os/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "os/build_info.h"

namespace fanin::os {
namespace {

using testing::ExitedWithCode;

// The death tests run in processes of their own, whose standard descriptors these replace.
void redirect(int fd, const char* path) { ::dup2(::open(path, O_WRONLY | O_CLOEXEC), fd); }

int print_hello() {
  print_text(stdout, "hello\n");
  return 0;
}

TEST(Program, PrintsWhatIsThrownAsOneLine) {
  EXPECT_EXIT(std::_Exit(run_program("prog", []() -> int { throw std::invalid_argument("a\x1b[2J\nb: give c"); })),
              ExitedWithCode(2), "^prog: a.x1b\\[2J.nb: give c\n$");
}

// Would catch: "pipe: Too many open files", which leaves it to the user what to do.
TEST(Program, SaysWhatToDoAboutALimitOnDescriptors) {
  EXPECT_EXIT(std::_Exit(run_program(
                  "prog", []() -> int { throw std::system_error(EMFILE, std::generic_category(), "pipe"); })),
              ExitedWithCode(2), "^prog: pipe: Too many open files: raise the limit on descriptors .ulimit -n.\n$");
}

// Would catch: "filesystem error: status: Too many levels of symbolic links [...]", as of a file that links to itself.
TEST(Program, SaysWhichFileIsWrongInItsOwnWords) {
  const auto body = []() -> int {
    throw std::filesystem::filesystem_error("status", "/a/b", std::error_code(ELOOP, std::generic_category()));
  };
  EXPECT_EXIT(std::_Exit(run_program("prog", body)), ExitedWithCode(2),
              "^prog: /a/b: Too many levels of symbolic links: mend it, or name another\n$");
}

// Would catch: exit code 0 of a program whose output the disk did not take.
TEST(Program, SaysThatStandardOutputIsFull) {
  EXPECT_EXIT(
      {
        redirect(STDOUT_FILENO, "/dev/full");
        std::_Exit(run_program("prog", print_hello));
      },
      ExitedWithCode(2), "^prog: cannot write to standard output: No space left on device\n$");
  EXPECT_EXIT(
      {
        redirect(STDOUT_FILENO, "/dev/full");
        std::_Exit(run_program("prog", [] { return std::printf("left to the end") > 0 ? 0 : 1; }));
      },
      ExitedWithCode(2), "No space left on device");
}

// Would catch: a result file that gets the number of a closed standard output, and the summary written into it.
TEST(Program, AFileDoesNotTakeThePlaceOfAClosedStandardOutput) {
  EXPECT_EXIT(
      {
        ::close(STDOUT_FILENO);
        std::_Exit(run_program("prog", [] {
          const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
          return fd > STDERR_FILENO ? print_hello() : 99;
        }));
      },
      ExitedWithCode(2), "^prog: cannot write to standard output: Bad file descriptor\n$");
}

// Would catch: a result that is lost to a signal where the disk, or the user's limit, has no room for it.
TEST(Program, AFileThatIsTooLargeIsAnErrorOfTheWrite) {
  const auto write_beyond_limit = [] {
    rlimit none{};
    ::setrlimit(RLIMIT_FSIZE, &none);
    const int fd = ::open(std::filesystem::temp_directory_path().c_str(), O_WRONLY | O_TMPFILE, 0600);
    return fd >= 0 && ::write(fd, "x", 1) < 0 && errno == EFBIG ? 7 : 8;
  };
  EXPECT_EXIT(std::_Exit(run_program("prog", write_beyond_limit)), ExitedWithCode(7), "");
}

// Would catch: a SIGSEGV in place of a word to the user.
TEST(Program, AStackThatIsTooSmallIsRefused) {
  const auto run_with_small_stack = [] {
    const rlimit small{32 << 10, 32 << 10};
    ::setrlimit(RLIMIT_STACK, &small);
    return run_program("prog", [] { return 0; });
  };
  EXPECT_EXIT(std::_Exit(run_with_small_stack()), ExitedWithCode(2),
              "^prog: the limit on the stack is 32 KiB: raise it to 64 .ulimit -s 64.\n$");
}

TEST(Program, AReaderThatHasGoneIsNoFault) {
  EXPECT_EXIT(
      {
        ::signal(SIGPIPE, SIG_IGN);
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) == 0) {
          ::dup2(ends[1], STDOUT_FILENO);
          ::close(ends[0]);
        }
        std::_Exit(run_program("prog", print_hello));
      },
      ExitedWithCode(141), "^$");
}

// Would catch: a result on standard output whose reader has gone, with exit code 2 and a line.
TEST(Program, AnOutputThatFailedElsewhereIsToldOf) {
  const auto run_with = [](int error) {
    return run_program("prog", [error] {
      note_output_error(error);
      return 0;
    });
  };
  EXPECT_EXIT(std::_Exit(run_with(EPIPE)), ExitedWithCode(141), "^$");
  EXPECT_EXIT(std::_Exit(run_with(ENOSPC)), ExitedWithCode(2),
              "^prog: cannot write to standard output: No space left on device\n$");
}

// Would catch: SIGABRT, and no result, where standard error is full or closed.
TEST(Program, AnErrorThatCannotBePrintedIsNoReasonToDie) {
  EXPECT_EXIT(
      {
        redirect(STDERR_FILENO, "/dev/full");
        std::_Exit(run_program("prog", []() -> int {
          print_error("prog", "lost");
          return 7;
        }));
      },
      ExitedWithCode(7), "");
  EXPECT_EXIT(
      {
        ::close(STDERR_FILENO);
        std::_Exit(run_program("prog", []() -> int { throw std::runtime_error("lost"); }));
      },
      ExitedWithCode(2), "");
}

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

}  // namespace fanin::os
