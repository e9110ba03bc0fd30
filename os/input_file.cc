#include "os/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "net/descriptor.h"

namespace fanin {
namespace {

// Names the file in every complaint about it.
struct Source {
  const std::string& path;
  std::string_view option;

  [[noreturn]] void refuse(std::string_view problem) const {
    throw std::invalid_argument(fmt::format("{}{}{}: {}", option, option.empty() ? "" : " ", path, problem));
  }
  [[noreturn]] void refuse_errno() const { refuse(fmt::format("{}: name a file to read", std::strerror(errno))); }
};

void check_kind(int fd, const Source& source, const InputLimits& limits) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    source.refuse_errno();
  }
  if (S_ISDIR(status.st_mode)) {
    source.refuse("it is a directory: name a file");
  }
  if (S_ISFIFO(status.st_mode) && !limits.may_be_pipe) {
    source.refuse("it is a pipe: name a regular file");
  }
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
    source.refuse("it is a device: name a file");
  }
}

// Before every read: while no writer has opened a named pipe, read(2) takes it for ended. SA_RESTART does not apply to
// poll(2), so every handled signal ends the wait.
void wait_for_bytes(int fd, const Source& source) {
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, -1) < 0) {
    source.refuse(errno == EINTR ? "a signal came before its end: give it again" : std::strerror(errno));
  }
}

}  // namespace

InputFile read_input_file(const std::string& path, std::string_view option, const InputLimits& limits) {
  const Source source{path, option};
  // Without O_NONBLOCK, open() waits for the writer of a named pipe and SA_RESTART makes that wait endless.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    source.refuse_errno();
  }
  check_kind(fd.get(), source, limits);
  InputFile file{.path = path, .content = ""};
  std::array<char, std::size_t{16} << 10> chunk;
  for (;;) {
    wait_for_bytes(fd.get(), source);
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got == 0) {
      break;
    }
    if (got > 0) {
      file.content.append(chunk.data(), static_cast<std::size_t>(got));
    } else if (errno != EAGAIN && errno != EINTR) {
      source.refuse_errno();
    }
    if (file.content.size() > limits.max_bytes) {
      source.refuse(fmt::format("it is longer than {} bytes: give a shorter file", limits.max_bytes));
    }
  }
  if (file.content.empty() && !limits.may_be_empty) {
    source.refuse("it is empty: name a file with something in it");
  }
  return file;
}

}  // namespace fanin
