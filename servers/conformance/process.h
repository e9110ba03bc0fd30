#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/clock.h"
#include "net/descriptor.h"
#include "servers/conformance/client.h"

namespace fanin::conformance {

// How to start a process.
struct ChildStart {
  std::string program;  // path, or a name on PATH
  std::vector<std::string> arguments;
  std::optional<std::uint64_t> descriptor_limit;  // RLIMIT_NOFILE, soft and hard; none: inherited
  std::optional<std::uint64_t> stack_limit;       // RLIMIT_STACK likewise, in bytes
  int inherited_descriptors = 0;                  // further descriptors open in the child at its start
  std::string output;                             // file for standard output, instead of this object
};

// A child process with its standard streams. Owns the process: the destructor kills it and its descendants, by pid. It
// also dies with this program. One thread.
class ChildProcess {
 public:
  // Throws Shortage if fork fails; a program that cannot be run exits with 127.
  explicit ChildProcess(const ChildStart& start);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const noexcept { return pid_; }
  void send_signal(int signal) const noexcept;

  // The next line of standard output without its newline, or nothing at the end. Throws Failure at the deadline.
  std::optional<std::string> read_line(const Deadline& deadline);
  // The standard output so far, at least a byte; empty at the end.
  std::string read_some(const Deadline& deadline);
  // The rest of the standard output.
  std::string read_all(const Deadline& deadline);
  // The standard error so far.
  std::string errors() const;

  void write_input(std::string_view bytes);
  void close_input() noexcept { input_.reset(); }

  // Waits for its end and describes it: "exit status 0", "signal 11". Throws Failure at the deadline.
  std::string wait(const Deadline& deadline);

 private:
  bool fill_buffer(const Deadline& deadline);

  pid_t pid_ = -1;
  bool ended_ = false;
  net::Descriptor input_;
  net::Descriptor output_;
  net::Descriptor errors_;
  std::string buffer_;  // output that was read and not returned yet
};

// `root` and all its current descendants, zombies included, from /proc. Any thread.
std::vector<pid_t> process_tree(pid_t root);

// The resources of a process tree.
struct Footprint {
  std::size_t processes = 0;  // zombies included
  std::size_t threads = 0;
  std::size_t descriptors = 0;  // summed over the processes
  // Proportional set size, so that pages shared by forked children count once; without files.
  std::uint64_t memory_bytes = 0;
  bool operator==(const Footprint&) const = default;
};
Footprint footprint(pid_t root);

// The footprint once it is stable. Throws Failure if it never is.
Footprint stable_footprint(pid_t root);

// CPU time of the processes of the tree so far, user and system, ended threads included.
net::Nanoseconds cpu_time(pid_t root);

// Stops a process tree (SIGSTOP) during its life, so that events reach the server together. For processes of this suite
// only.
class Paused {
 public:
  // Returns when all processes are stopped. Throws Failure if one does not stop.
  explicit Paused(pid_t root);
  Paused(const Paused&) = delete;
  Paused& operator=(const Paused&) = delete;
  ~Paused();

 private:
  std::vector<pid_t> processes_;
};

}  // namespace fanin::conformance
