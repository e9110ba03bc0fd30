#include "servers/conformance/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>

#include "os/procfs.h"
#include "servers/conformance/client.h"

namespace fanin::conformance {
namespace {

// Without file pages (Linux 5.3): their share changes whenever another program maps the same library.
std::uint64_t read_memory(pid_t pid) {
  const std::string text = os::read_file(fmt::format("/proc/{}/smaps_rollup", pid)).value_or("");
  return 1024 * (os::find_labelled_number(text, "Pss_Anon").value_or(0) +
                 os::find_labelled_number(text, "Pss_Shmem").value_or(0));
}

// 'T': stopped, 'Z': a zombie. Empty for a process that has ended.
std::optional<char> read_state(pid_t pid) {
  const std::string stat = os::read_file(fmt::format("/proc/{}/stat", pid)).value_or("");
  const std::size_t state = stat.rfind(')') + 2;  // a name may hold anything, brackets and spaces too
  return stat.empty() ? std::nullopt : std::optional(stat.at(state));
}

}  // namespace

std::vector<pid_t> process_tree(pid_t root) {
  std::vector<pid_t> tree = os::list_descendants(root);
  tree.insert(tree.begin(), root);
  return tree;
}

Footprint footprint(pid_t root) {
  Footprint sum;
  for (const pid_t pid : process_tree(root)) {
    const std::size_t threads = os::list_numbered_entries(fmt::format("/proc/{}/task", pid)).size();
    if (threads > 0) {  // none: it has ended
      ++sum.processes;
      sum.threads += threads;
      sum.descriptors += os::list_numbered_entries(fmt::format("/proc/{}/fd", pid)).size();
      sum.memory_bytes += read_memory(pid);
    }
  }
  return sum;
}

Footprint stable_footprint(pid_t root) {
  Footprint last;
  int same = 0;
  wait_until("the server's footprint settles", [&] {
    const Footprint current = footprint(root);
    same = current == last ? same + 1 : 0;
    last = current;
    return same == 3;
  });
  return last;
}

net::Nanoseconds cpu_time(pid_t root) {
  net::Nanoseconds sum{};
  for (const pid_t pid : process_tree(root)) {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &time) == 0) {
      sum += std::chrono::seconds(time.tv_sec) + net::Nanoseconds(time.tv_nsec);
    }
  }
  return sum;
}

Paused::Paused(pid_t root) : processes_(process_tree(root)) {
  for (const pid_t pid : processes_) {
    ::kill(pid, SIGSTOP);
  }
  for (const pid_t pid : processes_) {
    wait_until("the server's processes stop", [pid] {
      const auto state = read_state(pid);
      return !state || *state == 'T' || *state == 'Z' || *state == 'X';
    });
  }
}

Paused::~Paused() {
  for (const pid_t pid : processes_) {
    ::kill(pid, SIGCONT);
  }
}

namespace {

struct Pipe {
  net::Descriptor reader;
  net::Descriptor writer;
};

Pipe make_pipe() {
  int ends[2];
  net::check(::pipe2(ends, O_CLOEXEC), "pipe");
  return {net::Descriptor(ends[0]), net::Descriptor(ends[1])};
}

// Runs between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const ChildStart& start, char* const* arguments, int input, int output, int errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // no server outlives a killed suite
  ::signal(SIGPIPE, SIG_DFL);          // a server that does not ignore it must fail
  ::dup2(input, STDIN_FILENO);
  ::dup2(start.output.empty() ? output : ::open(start.output.c_str(), O_WRONLY), STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::close_range(3, ~0U, 0);  // the child starts with descriptors 0 to 2
  for (int i = 0; i < start.inherited_descriptors; ++i) {
    ::fcntl(STDIN_FILENO, F_DUPFD, 3);
  }
  if (start.descriptor_limit) {
    const rlimit limit{*start.descriptor_limit, *start.descriptor_limit};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (start.stack_limit) {
    const rlimit limit{*start.stack_limit, *start.stack_limit};
    ::setrlimit(RLIMIT_STACK, &limit);
  }
  ::execvp(arguments[0], arguments);
  ::_exit(127);
}

std::string describe(int status) {
  return WIFEXITED(status) ? fmt::format("exit status {}", WEXITSTATUS(status))
                           : fmt::format("signal {}", WTERMSIG(status));
}

}  // namespace

ChildProcess::ChildProcess(const ChildStart& start)
    : errors_(net::check(::memfd_create("stderr", MFD_CLOEXEC), "memfd_create")) {
  std::vector<std::string> words{start.program};
  words.insert(words.end(), start.arguments.begin(), start.arguments.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  pid_ = ::fork();
  if (pid_ < 0) {
    throw Shortage(fmt::format("cannot start a process: {}: raise ulimit -u", std::strerror(errno)));
  }
  if (pid_ == 0) {
    become(start, arguments.data(), input.reader.get(), output.writer.get(), errors_.get());
  }
  input_ = std::move(input.writer);
  output_ = std::move(output.reader);
}

ChildProcess::~ChildProcess() {
  if (ended_) {
    return;
  }
  for (const pid_t pid : process_tree(pid_)) {
    ::kill(pid, SIGKILL);
  }
  ::waitpid(pid_, nullptr, 0);
}

void ChildProcess::send_signal(int signal) const noexcept {
  if (!ended_) {
    ::kill(pid_, signal);
  }
}

bool ChildProcess::fill_buffer(const Deadline& deadline) {
  pollfd readable{output_.get(), POLLIN, 0};
  if (::poll(&readable, 1, deadline.poll_timeout_ms()) <= 0) {
    throw Failure(fmt::format("process {} wrote nothing in time; its standard error: {}", pid_, errors()));
  }
  std::array<char, 4096> bytes;
  const ssize_t length = ::read(output_.get(), bytes.data(), bytes.size());
  if (length > 0) {
    buffer_.append(bytes.data(), static_cast<std::size_t>(length));
  }
  return length > 0;
}

std::optional<std::string> ChildProcess::read_line(const Deadline& deadline) {
  for (;;) {
    if (const auto newline = buffer_.find('\n'); newline != std::string::npos) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      return line;
    }
    if (!fill_buffer(deadline)) {
      return std::nullopt;
    }
  }
}

std::string ChildProcess::read_some(const Deadline& deadline) {
  if (buffer_.empty()) {
    fill_buffer(deadline);
  }
  return std::exchange(buffer_, {});
}

std::string ChildProcess::read_all(const Deadline& deadline) {
  while (fill_buffer(deadline)) {
  }
  return std::exchange(buffer_, {});
}

std::string ChildProcess::errors() const {
  std::string text;
  std::array<char, 4096> bytes;
  ssize_t length = 0;
  while ((length = ::pread(errors_.get(), bytes.data(), bytes.size(), static_cast<off_t>(text.size()))) > 0) {
    text.append(bytes.data(), static_cast<std::size_t>(length));
  }
  return text;
}

void ChildProcess::write_input(std::string_view bytes) {
  while (!bytes.empty()) {
    bytes.remove_prefix(
        static_cast<std::size_t>(net::check(::write(input_.get(), bytes.data(), bytes.size()), "write")));
  }
}

std::string ChildProcess::wait(const Deadline& deadline) {
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (deadline.over()) {
      throw Failure(fmt::format("process {} did not end in time; its standard error: {}", pid_, errors()));
    }
    ::poll(nullptr, 0, 1);
  }
  ended_ = true;
  return describe(status);
}

}  // namespace fanin::conformance
