#pragma once

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "net/clock.h"
#include "net/descriptor.h"

namespace fanin::os {

// The bounded output of a child on one pipe: the first line (a server's READY line), the last lines (its counters, or
// its errors), and on request all of it up to a limit.
class Output {
 public:
  enum class Keep { kTail, kAll };

  explicit Output(Keep keep) : keep_(keep) {}

  // Reads the available bytes of the non-blocking `fd`. Returns false at the end of the stream.
  bool drain(int fd);
  void append(std::string_view bytes);

  bool has_first_line() const noexcept { return has_first_line_; }
  const std::string& first_line() const noexcept { return first_line_; }
  // The last line, with or without a newline at its end; empty: nothing was written.
  std::string last_line() const;
  // The last lines (at most 20), separated by newlines.
  std::string tail() const;
  const std::string& all() const noexcept { return all_; }
  bool truncated() const noexcept { return truncated_; }

 private:
  void end_line();

  Keep keep_;
  std::string line_;  // the unfinished one
  std::string first_line_;
  bool has_first_line_ = false;
  std::deque<std::string> last_lines_;
  std::string all_;
  bool truncated_ = false;
};

struct Launch {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH if it has no slash
  std::vector<int> cpus;          // affinity, set before exec; empty: the harness's own
  int pass_descriptor = -1;       // stays open in the child under the same number; -1: none
  Output::Keep keep_stdout = Output::Keep::kTail;
  std::string directory = {};                 // to run in; empty: the harness's own
  std::vector<std::string> environment = {};  // "NAME=VALUE", in addition to the harness's own
  // The child ends with the program, whose descendants are then killed, or with the last of its descendants, for
  // wrappers, launchers and daemons. SIGTERM goes to the program or to all of them accordingly.
  enum class Ends { kWithProgram, kWithTree } ends = Ends::kWithProgram;
};

// The program could not be executed, and no resource was missing.
struct CannotStart : std::system_error {
  using std::system_error::system_error;
};

struct ExitStatus {
  int code = 0;    // exit code; 0 if a signal ended the process
  int signal = 0;  // 0: it exited

  bool clean() const noexcept { return code == 0 && signal == 0; }
  int number() const noexcept { return signal != 0 ? -signal : code; }  // as a round records it
  std::string text() const;  // "exit code 2", "signal 11 (Segmentation fault)"
};

// A program with all its descendants and its captured output. Its parent is a reaper (os/reaper.h), a child of the
// harness, which ends the tree with this object or with the harness. One thread.
class ChildProcess {
 public:
  // Throws CannotStart if there is no such program, and std::system_error if the harness lacks a resource.
  explicit ChildProcess(const Launch& launch);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // The parent of the tree, not a part of it.
  pid_t reaper() const noexcept { return reaper_; }
  const Output& out() const noexcept { return out_; }
  const Output& err() const noexcept { return err_; }
  // How the program itself ended; known once wait_until() or stop() has seen the end that Launch::ends names.
  const std::optional<ExitStatus>& status() const noexcept { return status_; }

 private:
  friend class Waiter;
  friend bool stop(ChildProcess& child, net::Nanoseconds timeout);

  explicit ChildProcess(Output::Keep keep_stdout);
  void drain();
  void reap();  // the reaper has ended, and so has the tree

  pid_t reaper_ = -1;
  net::Descriptor pidfd_;  // of the reaper
  net::Descriptor report_pipe_;
  net::Descriptor out_pipe_;
  net::Descriptor err_pipe_;
  Output out_;
  Output err_{Output::Keep::kTail};
  std::optional<ExitStatus> status_;
};

enum class WaitResult { kDone, kDeadline, kInterrupted };

// Waits until `done` returns true, the deadline passes or `interrupt_fd` (-1: none) becomes readable. Calls `done`
// after each event of the children and of one further descriptor (a control socket; -1: none), which `done` may read
// without blocking. Drains the children's output meanwhile, so that none of them blocks on a full pipe.
WaitResult wait_until(const std::vector<ChildProcess*>& children, int further_fd, int interrupt_fd,
                      net::TimePoint deadline, const std::function<bool()>& done);

// Sends SIGTERM, and after `timeout` SIGKILL to the whole tree. Returns whether the tree ended within the timeout. If
// there is no status afterwards, SIGKILL did not end a process of the tree.
bool stop(ChildProcess& child, net::Nanoseconds timeout);

}  // namespace fanin::os
