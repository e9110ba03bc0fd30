#include "net/socket_file.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

#include "net/socket.h"

namespace fanin {

namespace {

bool is_abstract(const std::string& path) noexcept { return path.starts_with('@'); }

}  // namespace

SocketFile::SocketFile(const std::string& path) : path_(is_abstract(path) ? "" : path), owner_(::getpid()) {}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, std::string())), owner_(other.owner_) {}

SocketFile::~SocketFile() {
  if (!path_.empty() && ::getpid() == owner_) {
    ::unlink(path_.c_str());
  }
}

void remove_stale_socket(const std::string& path) {
  struct stat status {};
  if (is_abstract(path) || ::lstat(path.c_str(), &status) != 0) {
    return;
  }
  if (!S_ISSOCK(status.st_mode)) {
    throw std::invalid_argument(fmt::format("{} exists and is not a socket: choose another path", path));
  }
  const Address address = Address::of_socket_file(path);
  const Descriptor probe = make_stream_socket(address.family(), Blocking::kNo);
  // Any other result counts as alive: only without a listener is the connection refused.
  if (::connect(probe.get(), address.data(), address.size()) == 0 || errno != ECONNREFUSED) {
    throw std::invalid_argument(fmt::format("another server listens on {}: choose another path", address.text()));
  }
  ::unlink(path.c_str());
}

}  // namespace fanin
