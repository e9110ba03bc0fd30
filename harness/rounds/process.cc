#include "harness/rounds/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

namespace fanin {
namespace {

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC), "pipe");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

cpu_set_t cpu_set_of(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  return set;
}

// Runs in the child between fork and exec, where only async-signal-safe calls are allowed; reports errno through
// `failure`. Does not return.
[[noreturn]] void become(const Launch& launch, char* const* argv, const cpu_set_t& cpus, int out, int err,
                         int failure) {
  ::setpgid(0, 0);  // Ctrl-C in the terminal is the harness's business alone
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  const int null = ::open("/dev/null", O_RDONLY);
  bool good = null >= 0 && ::dup2(null, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0 &&
              ::dup2(err, STDERR_FILENO) >= 0;
  good = good && (launch.cpus.empty() || ::sched_setaffinity(0, sizeof cpus, &cpus) == 0);
  good = good && (launch.directory.empty() || ::chdir(launch.directory.c_str()) == 0);
  good = good && (launch.pass_descriptor < 0 || ::fcntl(launch.pass_descriptor, F_SETFD, 0) == 0);
  if (good) {
    ::execvp(argv[0], argv);
  }
  const int error = errno;
  const ssize_t ignored = ::write(failure, &error, sizeof error);
  static_cast<void>(ignored);
  ::_exit(127);
}

// glibc 2.36 declares pidfd_open() without C linkage, so that C++ cannot link it.
int open_pidfd(pid_t pid) { return static_cast<int>(check(::syscall(SYS_pidfd_open, pid, 0), "pidfd_open")); }

// The errno with which the child failed before exec, 0 where it did not.
int start_error(int fd) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof error) ? error : 0;
}

}  // namespace

std::string ExitStatus::text() const {
  return signal != 0 ? fmt::format("signal {} ({})", signal, ::strsignal(signal)) : fmt::format("exit code {}", code);
}

ChildProcess::ChildProcess(const Launch& launch) : out_(launch.keep_stdout) {
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe failure = make_pipe();
  std::vector<char*> argv;
  for (const std::string& word : launch.argv) {
    argv.push_back(const_cast<char*>(word.c_str()));  // exec's signature is older than const
  }
  argv.push_back(nullptr);
  const cpu_set_t cpus = cpu_set_of(launch.cpus);
  pid_ = check(::fork(), "fork");
  if (pid_ == 0) {
    become(launch, argv.data(), cpus, out.write.get(), err.write.get(), failure.write.get());
  }
  ::setpgid(pid_, pid_);  // in both, so that the group is there whoever comes first
  failure.write.reset();
  if (const int error = start_error(failure.read.get()); error != 0) {
    ::waitpid(pid_, nullptr, 0);
    throw std::system_error(error, std::generic_category(), fmt::format("cannot start {}", launch.argv.front()));
  }
  pidfd_ = Descriptor(open_pidfd(pid_));
  out_pipe_ = std::move(out.read);
  err_pipe_ = std::move(err.read);
  check(::fcntl(out_pipe_.get(), F_SETFL, O_NONBLOCK), "fcntl");
  check(::fcntl(err_pipe_.get(), F_SETFL, O_NONBLOCK), "fcntl");
}

ChildProcess::~ChildProcess() {
  if (!status_) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void ChildProcess::signal(int number) const noexcept {
  if (!status_) {
    ::kill(pid_, number);  // not yet reaped, so the number is still its own
  }
}

void ChildProcess::drain() {
  if (out_pipe_ && !out_.drain(out_pipe_.get())) {
    out_pipe_.reset();
  }
  if (err_pipe_ && !err_.drain(err_pipe_.get())) {
    err_pipe_.reset();
  }
}

void ChildProcess::reap() {
  // The leader is a zombie: its number, and so its group's, cannot have been given away. Its children hold the pipes.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = WIFSIGNALED(status) ? ExitStatus{0, WTERMSIG(status)} : ExitStatus{WEXITSTATUS(status), 0};
  pidfd_.reset();
  drain();
}

// One call of wait_until(); a friend of ChildProcess, whose descriptors it polls.
class Waiter {
 public:
  Waiter(std::initializer_list<ChildProcess*> children, int further_fd, int interrupt_fd)
      : children_(children), further_fd_(further_fd), interrupt_fd_(interrupt_fd) {}

  // Waits for one event, or until the deadline. Returns false where the deadline has passed or no event can come.
  bool wait_once(TimePoint deadline);
  bool interrupted() const noexcept { return interrupted_; }

 private:
  void add(int fd) {
    if (fd >= 0) {
      polls_.push_back({fd, POLLIN, 0});
    }
  }

  std::vector<ChildProcess*> children_;
  int further_fd_;
  int interrupt_fd_;
  std::vector<pollfd> polls_;
  bool interrupted_ = false;
};

bool Waiter::wait_once(TimePoint deadline) {
  polls_.clear();
  for (const ChildProcess* child : children_) {
    add(child->pidfd_.get());
    add(child->out_pipe_.get());
    add(child->err_pipe_.get());
  }
  add(further_fd_);
  add(interrupt_fd_);
  const auto left = std::max(Nanoseconds::zero(), deadline - now());
  const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
  const int ready = ::ppoll(polls_.data(), polls_.size(), &timeout, nullptr);
  if (ready < 0 && errno != EINTR) {
    throw_errno("ppoll");
  }
  for (const pollfd& poll : polls_) {
    interrupted_ = interrupted_ || (ready > 0 && poll.fd == interrupt_fd_ && poll.revents != 0);
  }
  for (ChildProcess* child : children_) {
    const int pidfd = child->pidfd_.get();
    child->drain();
    const bool ended = ready > 0 && std::any_of(polls_.begin(), polls_.end(), [&](const pollfd& poll) {
                         return poll.fd == pidfd && poll.revents != 0;
                       });
    if (ended && pidfd >= 0) {
      child->reap();
    }
  }
  return now() < deadline;
}

WaitResult wait_until(std::initializer_list<ChildProcess*> children, int further_fd, int interrupt_fd,
                      TimePoint deadline, const std::function<bool()>& done) {
  Waiter waiter(children, further_fd, interrupt_fd);
  for (;;) {
    if (done()) {
      return WaitResult::kDone;
    }
    const bool in_time = waiter.wait_once(deadline);
    if (waiter.interrupted()) {
      return WaitResult::kInterrupted;
    }
    if (!in_time) {
      return done() ? WaitResult::kDone : WaitResult::kDeadline;
    }
  }
}

bool stop(ChildProcess& child, Nanoseconds grace) {
  const auto ended = [&] { return child.status().has_value(); };
  child.signal(SIGTERM);
  if (wait_until({&child}, -1, -1, now() + grace, ended) == WaitResult::kDone) {
    return true;
  }
  ::kill(-child.pid(), SIGKILL);
  wait_until({&child}, -1, -1, now() + std::chrono::seconds(10), ended);
  return false;
}

}  // namespace fanin
