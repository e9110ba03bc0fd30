#pragma once

#include <sched.h>
#include <sys/types.h>

#include <csignal>

#include "os/child_process.h"

namespace fanin::os {

// What a reaper reports to the harness through its pipe: one of the first four, and after kStarted kEnded.
struct ReaperReport {
  enum class Kind : int {
    kFailed,       // errno: a resource was missing
    kNoProgram,    // errno: the program cannot be executed
    kNoDirectory,  // errno: the directory to run it in cannot be entered
    kStarted,      // the program's process number
    kEnded,        // its status, as waitpid() gives it
  } kind;
  int value;
};

// The input of a reaper. Plain values, set before fork().
struct ReaperStart {
  const Launch* launch;
  char* const* argv;
  cpu_set_t cpus;
  int out;
  int err;
  int report;
  pid_t harness;
  sigset_t mask;  // the harness's own, for the program
};

// Runs in a fork of the harness, all signals blocked: starts the program, collects it and all of its descendants,
// including orphans and daemons (it is their subreaper), and ends once none is left. It forwards SIGTERM to the
// program, or to its whole tree if the launch says so. SIGHUP, which it also gets when the harness dies, kills the
// tree. So nothing outlives the harness that started it, and no other process gets a signal.
[[noreturn]] void run_reaper(const ReaperStart& start);

}  // namespace fanin::os
