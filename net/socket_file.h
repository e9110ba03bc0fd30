#pragma once

#include <sys/types.h>

#include <string>

namespace fanin {

// The file of a listening Unix-domain socket, which outlives the socket. The destructor removes it, in the process that
// made this object and in no fork of it. Movable.
class SocketFile {
 public:
  explicit SocketFile(const std::string& path);  // an abstract "@name" has no file
  ~SocketFile();
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

 private:
  std::string path_;  // empty: none, or moved from
  pid_t owner_;
};

// Removes the socket file of a dead server. Throws std::invalid_argument if `path` is no socket, or a server listens on
// it.
void remove_stale_socket(const std::string& path);

}  // namespace fanin
