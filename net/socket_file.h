#pragma once

#include <sys/types.h>

#include <string>

namespace fanin {

// The file of a listening Unix-domain socket, which outlives the socket unless somebody removes it. Removes it when
// destroyed, in the process that made this and in no fork of it. Movable.
class SocketFile {
 public:
  explicit SocketFile(const std::string& path);  // "@name", the abstract name space, has no file
  ~SocketFile();
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

 private:
  std::string path_;  // empty: none, or moved from
  pid_t owner_;
};

// Removes the socket file of a server that is gone. Throws std::invalid_argument where `path` is something else than a
// socket, or where a server listens on it.
void remove_stale_socket(const std::string& path);

}  // namespace fanin
