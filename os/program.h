#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string_view>

namespace fanin::os {

// The exit codes of commands that judge. Interruption comes before all others.
enum class ExitCode : int {
  kPassed = 0,         // no regression, objective met
  kRegression = 1,     // something is worse, an objective is missed
  kUsage = 2,          // wrong options or files
  kNotComparable = 3,  // the two sides differ in a factor that was not declared to vary
  kUndecided = 4,      // nothing was decided; with --strict, not everything
  kFailed = 5,         // something failed, is missing or became invalid, or the control arm is outside its band
  kInterrupted = 130,
};

inline constexpr int kExitBadInput = static_cast<int>(ExitCode::kUsage);
inline constexpr int kExitReaderGone = 141;  // 128 + SIGPIPE, as a shell reports it

// Runs `body` and returns the exit code of main(); every program calls it once. An exception of `body` is printed as
// one line on standard error; the exit code is 2. It is also 2, with a line, if standard output is closed or full, and
// 141, without a line, if its reader has closed it. Ignores SIGXFSZ, so a write beyond the limit of a file's size
// fails. Refuses a stack limit below `stack_bytes`. Occupies closed standard descriptors first, so that no file gets
// their numbers.
int run_program(std::string_view name, const std::function<int()>& body,
                std::size_t stack_bytes = std::size_t{64} << 10) noexcept;

// Prints to standard output or error and flushes. Returns false on failure and never throws, so that no result is lost;
// run_program() then reports a failure of standard output.
bool print_text(std::FILE* file, std::string_view text) noexcept;

// Reports a failed write to standard output that did not go through print_text(), by errno. run_program() prints the
// first one.
void note_output_error(int error) noexcept;

// Prints "NAME: TEXT" on standard error as one line, by printable(). Never throws.
void print_error(std::string_view name, std::string_view text) noexcept;

}  // namespace fanin::os
