#pragma once

#include <sched.h>
#include <sys/types.h>

#include <csignal>

#include "os/child_process.h"

namespace fanin {

// What a reaper tells the harness through its pipe: one of the first four, and after kStarted kEnded.
struct ReaperReport {
  enum class Kind : int {
    kFailed,       // errno: something that the start takes is not to be had
    kNoProgram,    // errno: the program cannot be executed
    kNoDirectory,  // errno: the directory to run it in cannot be entered
    kStarted,      // the program's process number
    kEnded,        // its status, as waitpid() gives it
  } kind;
  int value;
};

// What the process between the harness and a program needs to know. Plain values: it is made before fork().
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
// orphans and daemons too (it is their subreaper), and ends once none is left. SIGTERM asks the program to end, or its
// whole tree where the launch says so; SIGHUP, which also comes when the harness dies, kills the tree. So nothing that
// the harness has started outlives it, and no process is signalled that it has not started.
[[noreturn]] void run_reaper(const ReaperStart& start);

}  // namespace fanin
