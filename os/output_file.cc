#include "os/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <stdexcept>
#include <system_error>

namespace fanin {
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

Descriptor open_output_file(const std::string& path, int flags, const std::string& what) {
  constexpr mode_t kMode = 0644;
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags, kMode));
  if (!fd && errno == ENXIO) {
    refuse(what, std::errc::no_such_device_or_address, "nobody reads from it, start the reader first");
  }
  check(fd.get(), what.c_str());
  struct stat status {};
  check(::fstat(fd.get(), &status), what.c_str());
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

}  // namespace fanin
