#include "os/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "os/procfs.h"
#include "os/reaper.h"

namespace fanin::os {
namespace {

constexpr auto kKillLimit = std::chrono::seconds(10);  // until what was killed has ended

struct Pipe {
  net::Descriptor read;
  net::Descriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  net::check(::pipe2(ends.data(), O_CLOEXEC), "pipe");
  return {net::Descriptor(ends[0]), net::Descriptor(ends[1])};
}

cpu_set_t make_cpu_set(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  return set;
}

// The next report; nothing where the reaper was killed.
std::optional<ReaperReport> read_report(const net::Descriptor& pipe) {
  ReaperReport report{};
  ssize_t got = 0;
  do {
    got = ::read(pipe.get(), &report, sizeof report);
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof report) ? std::optional(report) : std::nullopt;
}

// Throws where the program did not start.
void check_started(const Launch& launch, const std::optional<ReaperReport>& report) {
  if (report && report->kind == ReaperReport::Kind::kNoDirectory) {
    throw std::system_error(report->value, std::generic_category(), "cannot enter " + launch.directory);
  }
  const std::string what = fmt::format("cannot start {}", launch.argv.front());
  if (!report || report->kind == ReaperReport::Kind::kFailed) {
    throw std::system_error(report ? report->value : ESRCH, std::generic_category(), what);
  }
  if (report->kind == ReaperReport::Kind::kNoProgram) {
    throw CannotStart(report->value, std::generic_category(), what);
  }
}

// Blocks all signals for as long as it lives, so that a fork has the reaper's mask from its first instruction.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  const sigset_t& before() const noexcept { return before_; }

 private:
  sigset_t before_{};
};

}  // namespace

std::string ExitStatus::text() const {
  return signal != 0 ? fmt::format("signal {} ({})", signal, ::strsignal(signal)) : fmt::format("exit code {}", code);
}

// The public constructor delegates to this one, so that the destructor runs if a start fails half way.
ChildProcess::ChildProcess(Output::Keep keep_stdout) : out_(keep_stdout) {}

ChildProcess::ChildProcess(const Launch& launch) : ChildProcess(launch.keep_stdout) {
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe report = make_pipe();
  std::vector<char*> argv;
  for (const std::string& word : launch.argv) {
    argv.push_back(const_cast<char*>(word.c_str()));  // exec's signature is older than const
  }
  argv.push_back(nullptr);
  {
    const BlockedSignals blocked;
    const ReaperStart start{&launch,         argv.data(),     make_cpu_set(launch.cpus),
                            out.write.get(), err.write.get(), report.write.get(),
                            ::getpid(),      blocked.before()};
    reaper_ = net::check(::fork(), "fork");
    if (reaper_ == 0) {
      run_reaper(start);
    }
  }
  report.write.reset();
  check_started(launch, read_report(report.read));
  pidfd_ = open_pidfd(reaper_);
  net::check(pidfd_.get(), "pidfd_open");
  report_pipe_ = std::move(report.read);
  out_pipe_ = std::move(out.read);
  err_pipe_ = std::move(err.read);
  net::check(::fcntl(out_pipe_.get(), F_SETFL, O_NONBLOCK), "fcntl");
  net::check(::fcntl(err_pipe_.get(), F_SETFL, O_NONBLOCK), "fcntl");
}

ChildProcess::~ChildProcess() {
  if (status_ || reaper_ < 0) {
    return;
  }
  ::kill(reaper_, SIGHUP);  // not yet collected, so the number is still its own
  if (pidfd_) {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    ::poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(kKillLimit).count()));
    ::kill(reaper_, SIGKILL);
  }
  ::waitpid(reaper_, nullptr, 0);
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
  while (::waitpid(reaper_, nullptr, 0) < 0 && errno == EINTR) {
  }
  const auto ended = read_report(report_pipe_);
  const int status = ended ? ended->value : SIGKILL;  // a reaper that was killed took the program with it
  status_ = WIFSIGNALED(status) ? ExitStatus{0, WTERMSIG(status)} : ExitStatus{WEXITSTATUS(status), 0};
  pidfd_.reset();
  drain();
}

// One call of wait_until(); a friend of ChildProcess, whose descriptors it polls.
class Waiter {
 public:
  Waiter(const std::vector<ChildProcess*>& children, int further_fd, int interrupt_fd)
      : children_(children), further_fd_(further_fd), interrupt_fd_(interrupt_fd) {}

  // Waits for one event, or until the deadline. Returns false where the deadline has passed or no event can come.
  bool wait_once(net::TimePoint deadline);
  bool interrupted() const noexcept { return interrupted_; }

 private:
  void add(int fd) {
    if (fd >= 0) {
      polls_.push_back({fd, POLLIN, 0});
    }
  }

  const std::vector<ChildProcess*>& children_;
  int further_fd_;
  int interrupt_fd_;
  std::vector<pollfd> polls_;
  bool interrupted_ = false;
};

bool Waiter::wait_once(net::TimePoint deadline) {
  polls_.clear();
  for (const ChildProcess* child : children_) {
    add(child->pidfd_.get());
    add(child->out_pipe_.get());
    add(child->err_pipe_.get());
  }
  add(further_fd_);
  add(interrupt_fd_);
  const auto left = std::max(net::Nanoseconds::zero(), deadline - net::now());
  const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
  const int ready = ::ppoll(polls_.data(), polls_.size(), &timeout, nullptr);
  if (ready < 0 && errno != EINTR) {
    net::throw_errno("ppoll");
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
  return net::now() < deadline;
}

WaitResult wait_until(const std::vector<ChildProcess*>& children, int further_fd, int interrupt_fd,
                      net::TimePoint deadline, const std::function<bool()>& done) {
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

bool stop(ChildProcess& child, net::Nanoseconds timeout) {
  const auto ended = [&] { return child.status().has_value(); };
  if (ended()) {
    return true;
  }
  ::kill(child.reaper_, SIGTERM);  // not yet collected, so the number is still its own
  if (wait_until({&child}, -1, -1, net::now() + timeout, ended) == WaitResult::kDone) {
    return true;
  }
  ::kill(child.reaper_, SIGHUP);
  wait_until({&child}, -1, -1, net::now() + kKillLimit, ended);
  return false;
}

}  // namespace fanin::os
