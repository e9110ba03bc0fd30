#pragma once

#include <sys/types.h>

#include <vector>

#include "net/socket.h"

namespace fanin::load {

// A minimal echo server to measure the generator against: a child process with one thread and epoll, without parsing or
// counting. Ends with this object, and with its parent.
class EchoPeer {
 public:
  // On `cpus`; empty: wherever this process may run. Throws std::system_error. Call it before there are other threads.
  explicit EchoPeer(const std::vector<int>& cpus);
  ~EchoPeer();
  EchoPeer(const EchoPeer&) = delete;
  EchoPeer& operator=(const EchoPeer&) = delete;

  const Address& address() const noexcept { return address_; }
  pid_t pid() const noexcept { return pid_; }

 private:
  Address address_;
  pid_t pid_;
};

}  // namespace fanin::load
