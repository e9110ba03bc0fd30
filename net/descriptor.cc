#include "net/descriptor.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace fanin::net {

void Descriptor::reset(int fd) noexcept {
  if (fd_ >= 0) {
    ::close(fd_);  // never retried on EINTR: Linux has freed the number by then
  }
  fd_ = fd;
}

void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

AcceptError classify_accept(int error) noexcept {
  switch (error) {
    case EAGAIN:
      return AcceptError::kWouldBlock;
    // accept(2) passes on pending errors of the new connection; they concern that peer alone.
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM:  // a firewall rule
    case ETIMEDOUT:
      return AcceptError::kRetry;
    case EMFILE:
    case ENFILE:
      return AcceptError::kNoDescriptor;
    case ENOBUFS:
    case ENOMEM:
      return AcceptError::kNoResource;
    case EINVAL:  // the listener is no longer listening: shutdown() is how the programs here stop one
      return AcceptError::kStopped;
    default:
      return AcceptError::kFatal;
  }
}

IoError classify_io(int error) noexcept {
  switch (error) {
    case EAGAIN:
      return IoError::kWouldBlock;
    case EINTR:
      return IoError::kInterrupted;
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ECONNABORTED:
    case ENOTCONN:
      return IoError::kPeerGone;
    default:
      return IoError::kBroken;
  }
}

}  // namespace fanin::net
