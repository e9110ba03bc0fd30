#include "net/errno_policy.h"

#include <cerrno>

namespace fanin {

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

}  // namespace fanin
