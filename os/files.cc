#include "os/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "net/descriptor.h"

namespace fanin::os {
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
  const net::Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
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

namespace {

[[noreturn]] void refuse(const std::string& what, std::errc error, const char* advice) {
  throw std::system_error(std::make_error_code(error), fmt::format("{}: {}", what, advice));
}

// Numbers from Documentation/admin-guide/devices.txt of Linux.
bool takes_output(dev_t device) {
  constexpr unsigned kMemory = 1;
  constexpr unsigned kNull = 3;
  constexpr unsigned kFull = 7;
  return major(device) == kMemory && (minor(device) == kNull || minor(device) == kFull);
}

std::string path_of(const std::string& name) { return name == "-" ? "/dev/stdout" : name; }

}  // namespace

net::Descriptor open_output_file(const std::string& path, int flags, const std::string& what) {
  constexpr mode_t kMode = 0644;
  net::Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags, kMode));
  if (!fd && errno == ENXIO) {
    refuse(what, std::errc::no_such_device_or_address, "no process reads from it, start the reader first");
  }
  net::check(fd.get(), what.c_str());
  struct stat status {};
  net::check(::fstat(fd.get(), &status), what.c_str());
  const bool device = S_ISBLK(status.st_mode) || (S_ISCHR(status.st_mode) && ::isatty(fd.get()) == 0);
  if (device && !(S_ISCHR(status.st_mode) && takes_output(status.st_rdev))) {
    refuse(what, std::errc::invalid_argument, "it is a device, name a file");
  }
  return fd;
}

void fail_output(const std::system_error& error, std::string_view option) {
  if (error.code() == std::errc::too_many_files_open || error.code() == std::errc::too_many_files_open_in_system) {
    throw error;
  }
  const bool full = error.code() == std::errc::no_space_on_device;
  throw std::runtime_error(
      fmt::format("{}: {}give another file with {}", error.what(), full ? "free space, or " : "", option));
}

bool is_same_output(const std::string& a, const std::string& b) {
  // Not std::filesystem::equivalent(), for which two names of one pipe are not the same.
  struct stat first {};
  struct stat second {};
  return ::stat(path_of(a).c_str(), &first) == 0 && ::stat(path_of(b).c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino && !S_ISCHR(first.st_mode);
}

Written write_bytes(int fd, std::string_view bytes, Wait wait) noexcept {
  Written written;
  while (!bytes.empty()) {
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    const int polled = ::poll(&ready, 1, wait == Wait::kNo ? 0 : -1);
    if (polled == 0 || (polled < 0 && wait == Wait::kNo)) {
      return written;
    }
    if (polled < 0) {
      written.error = errno;
      return written;
    }
    // A pipe that poll(2) calls writable takes PIPE_BUF bytes without blocking, also where its descriptor does block.
    const ssize_t taken = ::write(fd, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (taken >= 0) {
      written.bytes += static_cast<std::size_t>(taken);
      bytes.remove_prefix(static_cast<std::size_t>(taken));
    } else if (errno != EINTR && errno != EAGAIN) {
      written.error = errno;
      return written;
    }
  }
  return written;
}

void throw_cannot_write(const std::string& path, int error) {
  throw std::system_error(error, std::generic_category(), fmt::format("cannot write {}", path));
}

int write_and_sync(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

void write_file_atomically(const std::string& path, const std::string& text) {
  // A name of its own: a file of the user's may have any other, and two writers must not share one.
  std::string temporary = path + ".XXXXXX";
  const net::Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) {
    throw_cannot_write(path, errno);
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  int error = ::fchmod(file.get(), 0644 & ~mask) == 0 ? write_and_sync(file.get(), text) : errno;
  if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    ::unlink(temporary.c_str());
    throw_cannot_write(path, error);
  }
}

}  // namespace fanin::os
