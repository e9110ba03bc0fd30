#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/descriptor.h"
#include "servers/conformance/patience.h"

namespace fanin::conformance {

// How a process is to be started.
struct ChildStart {
  std::string program;  // path, or a name to be found on PATH
  std::vector<std::string> arguments;
  std::optional<std::uint64_t> descriptor_limit;  // RLIMIT_NOFILE, soft and hard; none: as here
  std::optional<std::uint64_t> stack_limit;       // RLIMIT_STACK likewise, in bytes
  int inherited_descriptors = 0;                  // this many further descriptors are open in the child from the start
  std::string output;                             // a file that its standard output goes to, instead of to this object
};

// A child process with its standard streams. Owns the process: one that still runs at the end is killed, by its id,
// together with the descendants that it has then. It also dies with this program. One thread.
class ChildProcess {
 public:
  // Throws std::system_error where there is no process to be had; a program that cannot be run exits with 127.
  explicit ChildProcess(const ChildStart& start);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const noexcept { return pid_; }
  void send_signal(int signal) const noexcept;

  // The next line of the child's standard output without its newline, or nothing at its end. Throws Failure when the
  // deadline passes.
  std::optional<std::string> read_line(const Deadline& deadline);
  // What it has written by now to its standard output, at least a byte; nothing at its end.
  std::string read_some(const Deadline& deadline);
  // All of its standard output from here to the end.
  std::string read_all(const Deadline& deadline);
  // What it has written to its standard error so far.
  std::string errors() const;

  void write_input(std::string_view bytes);
  void close_input() noexcept { input_.reset(); }

  // Waits for its end and says how it ended: "exit status 0", "signal 11". Throws Failure when the deadline passes.
  std::string wait(const Deadline& deadline);

 private:
  bool fill_buffer(const Deadline& deadline);

  pid_t pid_ = -1;
  bool ended_ = false;
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  std::string buffer_;  // read from the child's output, not yet handed out
};

}  // namespace fanin::conformance
