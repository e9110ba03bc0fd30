#include "servers/conformance/process_tree.h"

#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include "servers/conformance/client.h"

namespace fanin::conformance {
namespace {

struct Stat {
  char state = '?';
  pid_t parent = 0;
  std::size_t threads = 0;
};

// Empty for a process that has exited.
std::optional<Stat> read_stat(pid_t pid) {
  // By line: a failed read of an exited process sets a flag, where an iterator would throw.
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');  // a name may hold anything, brackets and spaces too
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(text.substr(name_end + 1));
  Stat stat;
  fields >> stat.state >> stat.parent;
  std::string skipped;
  for (int field = 5; field < 20; ++field) {
    fields >> skipped;
  }
  fields >> stat.threads;
  return stat;
}

// Without file pages (Linux 5.3): their share changes whenever another program maps the same library.
std::uint64_t read_memory(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
  std::uint64_t sum_kib = 0;
  std::string word;
  while (file >> word) {
    if (word == "Pss_Anon:" || word == "Pss_Shmem:") {
      std::uint64_t kib = 0;
      file >> kib;
      sum_kib += kib;
    }
  }
  return sum_kib * 1024;
}

std::size_t count_descriptors(pid_t pid) {
  std::error_code gone;
  std::size_t number = 0;
  for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", pid), gone), end; !gone && entry != end;
       entry.increment(gone)) {
    ++number;
  }
  return number;
}

}  // namespace

std::vector<pid_t> process_tree(pid_t root) {
  std::vector<std::pair<pid_t, pid_t>> child_of;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc{}) {
      if (const auto stat = read_stat(pid)) {
        child_of.emplace_back(stat->parent, pid);
      }
    }
  }
  std::vector<pid_t> tree{root};
  for (std::size_t i = 0; i < tree.size(); ++i) {  // grows while it is walked
    for (const auto& [parent, child] : child_of) {
      if (parent == tree[i]) {
        tree.push_back(child);
      }
    }
  }
  return tree;
}

Footprint footprint(pid_t root) {
  Footprint sum;
  for (const pid_t pid : process_tree(root)) {
    if (const auto stat = read_stat(pid)) {
      ++sum.processes;
      sum.threads += stat->threads;
      sum.descriptors += count_descriptors(pid);
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

Nanoseconds cpu_time(pid_t root) {
  Nanoseconds sum{};
  for (const pid_t pid : process_tree(root)) {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &time) == 0) {
      sum += std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
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
      const auto stat = read_stat(pid);
      return !stat || stat->state == 'T' || stat->state == 'Z' || stat->state == 'X';
    });
  }
}

Paused::~Paused() {
  for (const pid_t pid : processes_) {
    ::kill(pid, SIGCONT);
  }
}

}  // namespace fanin::conformance
