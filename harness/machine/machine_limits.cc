#include "harness/machine/machine_limits.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>
#include <vector>

#include "harness/machine/fingerprint.h"
#include "os/procfs.h"

namespace fanin::harness {
namespace {

using Number = MachineLimits::Number;

Number to_number(std::string_view word) {
  if (word == "unlimited" || word == "max") {
    return MachineLimits::kUnlimited;
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size() ? Number(number) : std::nullopt;
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  return words;
}

// The `place`th number of a file.
Number read_number(const std::string& path, std::size_t place = 0) {
  const auto words = split_words(read_file(path).value_or(""));
  return place < words.size() ? to_number(words[place]) : std::nullopt;
}

// Of a number that the kernel writes below zero where a network namespace has it from another one.
Number read_magnitude(const std::string& path) {
  const std::string text = read_trimmed(path).value_or("");
  return to_number(text.substr(text.rfind('-', 0) == 0 ? 1 : 0));
}

// Of a line such as "Max open files            1024                 524288               files".
struct Resource {
  Number soft;
  Number hard;
};
Resource resource_limit(const std::string& limits, const std::string& name) {
  const std::size_t at = limits.find(name);
  if (at == std::string::npos) {
    return {};
  }
  const auto words = split_words(limits.substr(at + name.size(), limits.find('\n', at) - at - name.size()));
  return words.size() < 2 ? Resource{} : Resource{to_number(words[0]), to_number(words[1])};
}

// The number behind `name` on the line "TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 0".
Number find_tcp_number(const std::string& sockstat, const std::string& name) {
  std::istringstream lines(sockstat);
  for (std::string line; std::getline(lines, line);) {
    const auto words = split_words(line);
    const auto found = std::find(words.begin(), words.end(), name);
    if (!words.empty() && words.front() == "TCP:" && found != words.end() && found + 1 != words.end()) {
      return to_number(found[1]);
    }
  }
  return std::nullopt;
}

Number sum(const Number& a, const Number& b) { return a && b ? Number(*a + *b) : std::nullopt; }

Number tasks_in_use(const std::string& root) {
  const auto words = split_words(read_file(root + "/proc/loadavg").value_or(""));  // "0.1 0.2 0.3 2/114 4711"
  const std::size_t slash = words.size() > 3 ? words[3].find('/') : std::string::npos;
  return slash == std::string::npos ? std::nullopt : to_number(std::string_view(words[3]).substr(slash + 1));
}

// The lines "key number" of memory.stat.
std::uint64_t statistic(const std::string& text, const std::string& key) {
  const auto words = split_words(text);
  const auto found = std::find(words.begin(), words.end(), key);
  return found != words.end() && found + 1 != words.end() ? to_number(found[1]).value_or(0) : 0;
}

// Memory that the control group leaves. Its inactive file pages count as used there, but can be reclaimed.
Number group_memory_available(const std::string& root) {
  const std::string folder = find_cgroup(read_file(root + "/proc/self/cgroup").value_or(""), "memory");
  const std::string mount = root + "/sys/fs/cgroup";
  for (const std::string& group : {mount + folder, mount}) {
    if (const Number limit = read_number(group + "/memory.max")) {
      const std::string statistics = read_file(group + "/memory.stat").value_or("");
      const std::uint64_t used = read_number(group + "/memory.current").value_or(0);
      const std::uint64_t in_the_way = used - std::min(used, statistic(statistics, "inactive_file"));
      return *limit == MachineLimits::kUnlimited ? *limit : *limit - std::min(*limit, in_the_way);
    }
  }
  for (const std::string& group : {mount + "/memory" + folder, mount + "/memory"}) {
    if (const Number limit = read_number(group + "/memory.limit_in_bytes")) {
      const std::string statistics = read_file(group + "/memory.stat").value_or("");
      const std::uint64_t used = read_number(group + "/memory.usage_in_bytes").value_or(0);
      const std::uint64_t in_the_way = used - std::min(used, statistic(statistics, "total_inactive_file"));
      constexpr std::uint64_t kNone = std::uint64_t{1} << 62;  // "no limit" is the highest multiple of a page
      return *limit >= kNone ? MachineLimits::kUnlimited : *limit - std::min(*limit, in_the_way);
    }
  }
  return MachineLimits::kUnlimited;  // in no group that could limit it
}

void read_network(const std::string& root, MachineLimits& limits) {
  const std::string sysctl = root + "/proc/sys/net/";
  limits.first_port = read_number(sysctl + "ipv4/ip_local_port_range", 0);
  limits.last_port = read_number(sysctl + "ipv4/ip_local_port_range", 1);
  limits.somaxconn = read_number(sysctl + "core/somaxconn");
  limits.established_buckets = read_magnitude(sysctl + "ipv4/tcp_ehash_entries");
  limits.syn_backlog = read_number(sysctl + "ipv4/tcp_max_syn_backlog");
  for (std::size_t i = 0; i < limits.tcp_mem_pages.size(); ++i) {
    limits.tcp_mem_pages[i] = read_number(sysctl + "ipv4/tcp_mem", i);
  }
  limits.tcp_rmem = read_trimmed(sysctl + "ipv4/tcp_rmem").value_or("");
  limits.tcp_wmem = read_trimmed(sysctl + "ipv4/tcp_wmem").value_or("");
  const std::string sockstat = read_file(root + "/proc/net/sockstat").value_or("");
  limits.tcp_pages_in_use = find_tcp_number(sockstat, "mem");
  limits.tcp_sockets = sum(find_tcp_number(sockstat, "inuse"), find_tcp_number(sockstat, "tw"));
  limits.has_conntrack = read_file(sysctl + "netfilter/nf_conntrack_max").has_value();
  limits.conntrack_max = read_number(sysctl + "netfilter/nf_conntrack_max");
  limits.conntrack_in_use = read_number(sysctl + "netfilter/nf_conntrack_count");
}

}  // namespace

MachineLimits read_machine_limits(const std::string& root) {
  MachineLimits limits;
  const std::string own = read_file(root + "/proc/self/limits").value_or("");
  const Resource descriptors = resource_limit(own, "Max open files");
  limits.descriptors_soft = descriptors.soft;
  limits.descriptors_hard = descriptors.hard;
  limits.processes_hard = resource_limit(own, "Max processes").hard;
  limits.memlock_bytes = resource_limit(own, "Max locked memory").hard;
  limits.nr_open = read_number(root + "/proc/sys/fs/nr_open");
  limits.file_max = read_number(root + "/proc/sys/fs/file-max");
  limits.files_in_use = read_number(root + "/proc/sys/fs/file-nr");
  limits.epoll_watches = read_number(root + "/proc/sys/fs/epoll/max_user_watches");
  read_network(root, limits);
  if (const auto available = find_labelled_number(read_file(root + "/proc/meminfo").value_or(""), "MemAvailable")) {
    limits.memory_available_bytes = *available * 1024;
  }
  limits.group_memory_available_bytes = group_memory_available(root);
  limits.threads_max = read_number(root + "/proc/sys/kernel/threads-max");
  limits.pid_max = read_number(root + "/proc/sys/kernel/pid_max");
  limits.tasks_in_use = tasks_in_use(root);
  limits.io_uring_disabled = read_number(root + "/proc/sys/kernel/io_uring_disabled");
  limits.perf_event_paranoid = read_number(root + "/proc/sys/kernel/perf_event_paranoid");
  return limits;
}

}  // namespace fanin::harness
