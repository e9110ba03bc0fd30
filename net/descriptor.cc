#include "net/descriptor.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace fanin {

void Descriptor::reset(int fd) noexcept {
  if (fd_ >= 0) {
    ::close(fd_);  // never retried on EINTR: Linux has freed the number by then
  }
  fd_ = fd;
}

void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace fanin
