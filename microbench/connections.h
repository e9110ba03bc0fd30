#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "net/descriptor.h"

namespace fanin::microbench {

// TCP connections over loopback whose client ends live in a child process, as they would at a server: this process
// then needs one descriptor per connection, so that a limit of 20,000 carries 10,000 connections.
// Owns the child and the server ends. One thread.
class Connections {
 public:
  // Opens `count` connections. Throws std::system_error.
  explicit Connections(std::size_t count);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  // Ends the child, which resets its connections: a FIN for each would leave that many ports in TIME_WAIT.
  ~Connections();

  // The server ends; all stay open as long as this object lives.
  const std::vector<Descriptor>& descriptors() const noexcept { return server_ends_; }

  // Makes `count` of the server ends readable, spread evenly over the set, and the others not readable. Returns when
  // done. Throws std::system_error.
  void activate(std::size_t count);

 private:
  Descriptor command_;  // a socket to the child, which exits at its end of file
  pid_t child_ = -1;
  std::vector<Descriptor> server_ends_;
};

// The connections that the benchmarks share: opening 10,000 takes a while and each benchmark runs several times, so the
// last set is kept until another count is requested. Two sets may exceed the descriptor limit. Throws
// std::system_error, and std::runtime_error that names the required limit.
Connections& shared_connections(std::size_t count);

}  // namespace fanin::microbench
