#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  std::string buffer_;  // output that was read and not returned yet
};

}  // namespace fanin::conformance
