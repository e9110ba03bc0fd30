#include "os/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include "os/format.h"

namespace fanin::os {
namespace {

std::atomic<int> output_error{0};  // errno of the first that standard output did not take

// Opened so that using one fails as if it were still closed.
void occupy_standard_descriptors() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) {
      const int ignored = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
      static_cast<void>(ignored);
    }
  }
}

// Throws where the program would end in a SIGSEGV somewhere on its way.
void require_stack(std::size_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < bytes) {
    throw std::runtime_error(fmt::format("the limit on the stack is {} KiB: raise it to {} (ulimit -s {})",
                                         limit.rlim_cur >> 10, bytes >> 10, bytes >> 10));
  }
}

// What to do about an error that any system call may have; empty: nothing that is known.
std::string advice(const std::error_code& error) {
  return error == std::errc::too_many_files_open             ? ": raise the limit on descriptors (ulimit -n)"
         : error == std::errc::too_many_files_open_in_system ? ": raise the limit on open files (sysctl fs.file-max)"
                                                             : "";
}

// The exit code, after all that was printed has left or failed to.
int close_output(std::string_view name, int exit_code) noexcept {
  print_text(stdout, "");
  const int error = output_error.load();
  if (std::ferror(stdout) == 0 && error == 0) {
    return exit_code;
  }
  if (error == EPIPE) {
    return kExitReaderGone;
  }
  print_error(name,
              fmt::format("cannot write to standard output: {}", error != 0 ? std::strerror(error) : "it failed"));
  return kExitBadInput;
}

}  // namespace

int run_program(std::string_view name, const std::function<int()>& body, std::size_t stack_bytes) noexcept {
  occupy_standard_descriptors();
  std::signal(SIGXFSZ, SIG_IGN);  // beyond ulimit -f a write fails, as it does on a full disk
  int exit_code = kExitBadInput;
  try {
    require_stack(stack_bytes);
    exit_code = body();
  } catch (const std::filesystem::filesystem_error& error) {  // whose text is the library's
    print_error(name, fmt::format("{}: {}: mend it, or name another", error.path1().string(), error.code().message()));
  } catch (const std::system_error& error) {
    print_error(name, error.what() + advice(error.code()));
  } catch (const std::exception& error) {
    print_error(name, error.what());
  }
  return close_output(name, exit_code);
}

bool print_text(std::FILE* file, std::string_view text) noexcept {
  errno = 0;
  const bool taken = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  if (!taken && file == stdout) {
    note_output_error(errno);
  }
  return taken;
}

void note_output_error(int error) noexcept {
  int none = 0;
  output_error.compare_exchange_strong(none, error);
}

void print_error(std::string_view name, std::string_view text) noexcept {
  try {
    print_text(stderr, fmt::format("{}: {}\n", name, printable(text)));
  } catch (const std::exception&) {  // no memory for the line
    print_text(stderr, name);
  }
}

}  // namespace fanin::os
