#include "os/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "net/descriptor.h"

namespace fanin {

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
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
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

}  // namespace fanin
