#pragma once

#include <sys/types.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "harness/rounds/output.h"
#include "net/clock.h"
#include "net/descriptor.h"

namespace fanin {

struct Launch {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH where it has no slash
  std::vector<int> cpus;          // affinity, set before exec; empty: the harness's own
  int pass_descriptor = -1;       // stays open in the child under the same number; -1: none
  Output::Keep keep_stdout = Output::Keep::kTail;
  std::string directory = {};  // to run in; empty: the harness's own
};

struct ExitStatus {
  int code = 0;    // exit code, or 0 where a signal ended the process
  int signal = 0;  // 0 where it exited by itself

  bool clean() const noexcept { return code == 0 && signal == 0; }
  int number() const noexcept { return signal != 0 ? -signal : code; }  // as a round records it
  std::string text() const;  // "exit code 2", "signal 11 (Segmentation fault)"
};

// A child process in a process group of its own, its output captured. Owns the group: the destructor kills what is
// left of it and reaps the leader. A child dies with the harness. One thread.
class ChildProcess {
 public:
  // Throws std::system_error where it cannot be started, naming the program.
  explicit ChildProcess(const Launch& launch);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const noexcept { return pid_; }
  const Output& out() const noexcept { return out_; }
  const Output& err() const noexcept { return err_; }
  // Known once wait_until() or stop() has seen the end.
  const std::optional<ExitStatus>& status() const noexcept { return status_; }

  void signal(int number) const noexcept;  // to the leader alone; nothing where it has ended

 private:
  friend class Waiter;

  void drain();
  void reap();  // the leader has ended: kills the rest of its group, then collects its status

  pid_t pid_ = -1;
  Descriptor pidfd_;
  Descriptor out_pipe_;
  Descriptor err_pipe_;
  Output out_;
  Output err_{Output::Keep::kTail};
  std::optional<ExitStatus> status_;
};

enum class WaitResult { kDone, kDeadline, kInterrupted };

// Waits for children and one further descriptor (a control socket; -1: none) until `done` says so, the deadline passes
// or `interrupt_fd` (-1: none) becomes readable. All output of the children is drained meanwhile, so that none of them
// blocks on a full pipe. `done` is asked after each event and may read the further descriptor without blocking.
WaitResult wait_until(std::initializer_list<ChildProcess*> children, int further_fd, int interrupt_fd,
                      TimePoint deadline, const std::function<bool()>& done);

// SIGTERM, then, after `grace`, SIGKILL to the whole group. Returns whether the process ended within the grace.
bool stop(ChildProcess& child, Nanoseconds grace);

}  // namespace fanin
