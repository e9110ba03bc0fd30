#include "os/reaper.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "os/procfs.h"

namespace fanin::os {
namespace {

using ReportKind = ReaperReport::Kind;

void tell(int pipe, const ReaperReport& report) {
  const ssize_t ignored = ::write(pipe, &report, sizeof report);
  static_cast<void>(ignored);  // if the harness is gone, SIGHUP comes
}

// A signal for when the parent ends, also where that has happened before it was asked for.
void die_with_parent(pid_t parent, int signal) {
  ::prctl(PR_SET_PDEATHSIG, signal);
  if (::getppid() != parent) {
    ::_exit(127);
  }
}

bool is_shortage(int error) { return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE; }

// Becomes the program; reports a failure through `failure`, which exec closes. Does not return.
[[noreturn]] void become(const ReaperStart& start, pid_t reaper, int failure) {
  const Launch& launch = *start.launch;
  ::setpgid(0, 0);  // a program that signals its own group reaches the reaper otherwise
  die_with_parent(reaper, SIGKILL);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ}) {
    ::signal(number, SIG_DFL);
  }
  ::sigprocmask(SIG_SETMASK, &start.mask, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  bool good = null >= 0 && ::dup2(null, STDIN_FILENO) >= 0 && ::dup2(start.out, STDOUT_FILENO) >= 0 &&
              ::dup2(start.err, STDERR_FILENO) >= 0;
  if (good && !launch.directory.empty() && ::chdir(launch.directory.c_str()) != 0) {
    tell(failure, {ReportKind::kNoDirectory, errno});
    ::_exit(127);
  }
  good = good && (launch.pass_descriptor < 0 || ::fcntl(launch.pass_descriptor, F_SETFD, 0) == 0);
  for (const std::string& variable : launch.environment) {
    ::putenv(const_cast<char*>(variable.c_str()));  // its signature is older than const
  }
  if (good) {
    ::execvp(start.argv[0], start.argv);
  }
  tell(failure, {good && !is_shortage(errno) ? ReportKind::kNoProgram : ReportKind::kFailed, errno});
  ::_exit(127);
}

// Starts the program and waits for its exec.
ReaperReport start_program(const ReaperStart& start) {
  std::array<int, 2> failure{};
  const bool bound =
      start.launch->cpus.empty() || ::sched_setaffinity(0, sizeof start.cpus, &start.cpus) == 0;  // before its threads
  if (!bound || ::pipe2(failure.data(), O_CLOEXEC) != 0) {
    return {ReportKind::kFailed, errno};
  }
  const pid_t reaper = ::getpid();
  const pid_t program = ::fork();
  if (program == 0) {
    become(start, reaper, failure[1]);
  }
  ReaperReport report{ReportKind::kFailed, errno};
  ::close(failure[1]);
  const bool failed = program < 0 || ::read(failure[0], &report, sizeof report) > 0;
  return failed ? report : ReaperReport{ReportKind::kStarted, program};
}

// Collects what has ended. Returns whether there are children left.
bool collect(pid_t program, bool& program_ended) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended <= 0) {
      return ended == 0;
    }
    if (ended == program) {
      program_ended = true;
      tell(STDIN_FILENO, {ReportKind::kEnded, status});
    }
  }
}

}  // namespace

void run_reaper(const ReaperStart& start) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "reaper");  // not the name of the harness
  ::signal(SIGCHLD, SIG_DFL);      // where it is ignored, nothing can be collected
  ::setsid();                      // the harness alone handles Ctrl-C
  die_with_parent(start.harness, SIGHUP);
  const ReaperReport started = start_program(start);
  tell(start.report, started);
  if (started.kind != ReportKind::kStarted) {
    ::_exit(127);
  }
  const pid_t program = started.value;
  const bool whole_tree = start.launch->ends == Launch::Ends::kWithTree;
  ::dup2(start.report, STDIN_FILENO);
  ::close_range(1, ~0U, 0);  // the program's pipes end with the program
  bool program_ended = false;
  bool killed = false;
  sigset_t all;
  ::sigfillset(&all);
  while (collect(program, program_ended)) {
    if (killed || (program_ended && !whole_tree)) {
      signal_descendants(SIGKILL);  // again after each end, because its children may have come up in between
    }
    int number = 0;
    ::sigwait(&all, &number);
    killed = killed || number == SIGHUP;
    if (number == SIGTERM && whole_tree) {
      signal_descendants(SIGTERM);
    } else if (number == SIGTERM && !program_ended) {
      ::kill(program, SIGTERM);  // not yet collected, so the number is still its own
    }
  }
  ::_exit(0);
}

}  // namespace fanin::os
