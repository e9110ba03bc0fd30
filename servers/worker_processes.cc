#include "servers/worker_processes.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "net/clock.h"
#include "net/descriptor.h"
#include "os/program.h"
#include "servers/counters.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

// Time for a child to close its connections and publish its counts after its own drain timeout.
constexpr net::Nanoseconds kMargin = std::chrono::milliseconds(500);

void signal_all(const std::vector<pid_t>& children, int signal) noexcept {
  for (const pid_t child : children) {
    ::kill(child, signal);
  }
}

// Removes the children that have exited from `children`.
void collect(std::vector<pid_t>& children) noexcept {
  std::erase_if(children, [](pid_t child) { return ::waitpid(child, nullptr, WNOHANG) != 0; });
}

}  // namespace

std::size_t end_children(std::vector<pid_t> children) noexcept {
  sigset_t child_signal;
  sigset_t former_mask;
  ::sigemptyset(&child_signal);
  ::sigaddset(&child_signal, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_signal, &former_mask);
  signal_all(children, SIGTERM);
  const net::TimePoint end = net::now() + stop::drain_timeout() + kMargin;
  for (collect(children); !children.empty() && net::now() < end; collect(children)) {
    const timespec left = net::to_timespec(std::max(end - net::now(), net::Nanoseconds(0)));
    ::sigtimedwait(&child_signal, nullptr, &left);  // SIGCHLD is blocked, so none is lost before the wait
  }
  count(Count::kWorkersKilled, children.size());
  signal_all(children, SIGKILL);
  for (const pid_t child : children) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::sigprocmask(SIG_SETMASK, &former_mask, nullptr);
  return children.size();
}

namespace {

// Minimum interval between two forks for one worker, so that a worker that dies at once, or cannot be forked, causes no
// fork loop.
constexpr net::Nanoseconds kPause = std::chrono::milliseconds(50);
constexpr timespec kPauseTime{0, kPause.count()};

}  // namespace

WorkerProcesses::WorkerProcesses(int count, std::function<void(int)> body)
    : body_(std::move(body)), workers_(static_cast<std::size_t>(count)) {
  struct sigaction action {};
  action.sa_handler = [](int) {};  // only interrupts the wait
  net::check(::sigaction(SIGCHLD, &action, nullptr), "sigaction");
  sigset_t held;
  ::sigemptyset(&held);
  for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) {
    ::sigaddset(&held, signal);
  }
  net::check(::sigprocmask(SIG_BLOCK, &held, &normal_mask_), "sigprocmask");
  for (std::size_t number = 0; number < workers_.size(); ++number) {
    if (!start(number)) {
      const int error = errno;
      stop();
      errno = error;
      net::throw_errno("cannot fork all workers");
    }
  }
}

WorkerProcesses::~WorkerProcesses() {
  stop();
  ::sigprocmask(SIG_SETMASK, &normal_mask_, nullptr);
}

bool WorkerProcesses::wait(std::span<pollfd> descriptors) {
  while (!stop::requested()) {
    const bool complete = replace_the_dead();
    const int ready = ::ppoll(descriptors.data(), descriptors.size(), complete ? nullptr : &kPauseTime, &normal_mask_);
    count_wait(ready);
    if (ready > 0) {
      return true;
    }
  }
  return false;
}

void WorkerProcesses::stop() noexcept {
  std::vector<pid_t> running;
  for (Worker& worker : workers_) {
    if (const pid_t pid = std::exchange(worker.pid, -1); pid > 0) {
      running.push_back(pid);
    }
  }
  running_ = 0;
  end_children(std::move(running));
}

bool WorkerProcesses::start(std::size_t number) {
  Worker& worker = workers_[number];
  worker.tried = net::now();
  const pid_t parent = ::getpid();
  count(Count::kCallFork);
  const pid_t pid = ::fork();
  if (pid == 0) {
    run_in_child(static_cast<int>(number), parent);
  }
  if (pid < 0) {
    count(Count::kRefusedResources);
    return false;
  }
  worker.pid = pid;
  ++running_;
  return true;
}

void WorkerProcesses::run_in_child(int number, pid_t parent) {
  begin_child_counts();
  stop::begin_child();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int status = ::getppid() == parent ? 0 : 1;  // the parent may have died before prctl()
  ::sigprocmask(SIG_SETMASK, &normal_mask_, nullptr);
  try {
    if (status == 0) {
      body_(number);
    }
  } catch (const std::exception& error) {
    os::print_error("fanin-server", fmt::format("worker {}: {}", number, error.what()));
    status = 2;
  }
  publish_process_counts();
  ::_exit(status);
}

// One SIGCHLD may stand for several children.
void WorkerProcesses::collect() noexcept {
  for (pid_t ended = 0; (ended = ::waitpid(-1, nullptr, WNOHANG)) > 0;) {
    for (Worker& worker : workers_) {
      if (worker.pid == ended) {
        worker.pid = -1;
        --running_;
      }
    }
  }
}

// False if a worker is still missing: try again after a pause.
bool WorkerProcesses::replace_the_dead() {
  collect();
  for (std::size_t number = 0; number < workers_.size() && running_ < workers_.size(); ++number) {
    if (workers_[number].pid < 0 && net::now() - workers_[number].tried >= kPause && start(number)) {
      count(Count::kWorkersReplaced);
    }
  }
  return running_ == workers_.size();
}

namespace {

// A message of one byte with room for one descriptor (SCM_RIGHTS): the kernel installs the descriptor in the receiving
// process.
struct Message {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.data(), .msg_controllen = control.size()};
};

}  // namespace

ConnectionChannel::ConnectionChannel() {
  std::array<int, 2> ends{};
  net::check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  parent_.reset(ends[0]);
  workers_.reset(ends[1]);
}

void ConnectionChannel::give(net::Descriptor socket) {
  char notice = 0;
  count(Count::kCallHandOver, 2);
  net::check(::recv(parent_.get(), &notice, 1, MSG_DONTWAIT), "no worker is free");
  Message message;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = socket.get();
  std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  if (::sendmsg(parent_.get(), &message.header, MSG_NOSIGNAL) == 1) {
    count(Count::kHandedOver);
  } else {
    count(Count::kRefusedResources);  // closed as `socket` goes
  }
}

void ConnectionChannel::close() noexcept { ::shutdown(parent_.get(), SHUT_RDWR); }

net::Descriptor ConnectionChannel::take() {
  for (;;) {
    const char notice = 0;
    count(Count::kCallHandOver, 2);
    ::send(workers_.get(), &notice, 1, MSG_NOSIGNAL);
    Message message;
    const ssize_t length = ::recvmsg(workers_.get(), &message.header, MSG_CMSG_CLOEXEC);
    if (length == 0 || (length < 0 && (errno != EINTR || stop::requested()))) {
      return {};
    }
    const cmsghdr* const rights = length > 0 ? CMSG_FIRSTHDR(&message.header) : nullptr;
    if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
      return net::Descriptor(fd);
    }
    if (length > 0) {
      count(Count::kRefusedDescriptors);  // EMFILE in this process
    }
  }
}

Replicas::Replicas(const ServerModel& model, Server& first) : model_(model), first_(first) {
  const auto count = static_cast<std::size_t>(first.options().model.processes);
  others_.reserve(count - 1);
  while (others_.size() + 1 < count) {
    others_.push_back(first.replica());
  }
  if (first.options().model.steer == "source-ip" && count > 1) {
    for (const Listener& listener : first.listeners()) {
      if (const net::Address address = listener.address(); !address.is_unix()) {
        net::steer_by_source_ip(listener.fd(), address.family(), static_cast<unsigned>(count));
      }
    }
  }
}

void Replicas::run() {
  if (others_.empty()) {
    model_.run(first_);
    return;
  }
  WorkerProcesses processes(static_cast<int>(others_.size()) + 1, [this](int number) {
    model_.run(number == 0 ? first_ : others_[static_cast<std::size_t>(number) - 1]);
  });
  while (processes.wait()) {
  }
}

}  // namespace fanin::server
