#include "loadgen/records/error_kind.h"

#include <cerrno>

namespace fanin::load {

ErrorKind classify_connect(int error) noexcept {
  switch (error) {
    case ECONNREFUSED:
      return ErrorKind::kConnectRefused;
    case ETIMEDOUT:
      return ErrorKind::kConnectTimeout;
    case EMFILE:
    case ENFILE:
      return ErrorKind::kNoDescriptor;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return ErrorKind::kNoPort;
    case ENOBUFS:
    case ENOMEM:
      return ErrorKind::kNoMemory;
    case ECONNRESET:  // it was up, and was reset before the check
    case EPIPE:
      return ErrorKind::kReset;
    default:
      return ErrorKind::kConnectOther;
  }
}

}  // namespace fanin::load
