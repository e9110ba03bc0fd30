#include "os/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <sstream>

#include "net/descriptor.h"

namespace fanin::os {
namespace {

net::Nanoseconds from_ticks(std::uint64_t ticks) {
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return net::Nanoseconds(static_cast<std::int64_t>(ticks * (1'000'000'000 / per_second)));
}

// The fields of /proc/PID/stat from the third on. The name in the second one may hold blanks and brackets of its own,
// so that they count from the last bracket.
std::istringstream skip_name(std::string_view stat) {
  const std::size_t bracket = stat.rfind(')');
  return std::istringstream(std::string(bracket == std::string_view::npos ? "" : stat.substr(bracket + 1)));
}

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  const net::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return std::nullopt;
  }
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == 0) {
      return text;
    }
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
}

std::optional<std::string> read_trimmed(const std::string& path) {
  auto text = read_file(path);
  if (text) {
    constexpr std::string_view kBlank(" \t\n\0", 4);
    text->erase(text->find_last_not_of(kBlank) + 1);
    text->erase(0, text->find_first_not_of(kBlank));
  }
  return text;
}

std::optional<std::uint64_t> find_labelled_number(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    const std::size_t colon = at + key.size();
    const bool whole_label = (at == 0 || text[at - 1] == '\n') && colon < text.size() && text[colon] == ':';
    if (!whole_label) {
      continue;
    }
    const std::size_t digit = text.find_first_not_of(" \t", colon + 1);
    std::uint64_t number = 0;
    if (digit != std::string_view::npos &&
        std::from_chars(text.data() + digit, text.data() + text.size(), number).ec == std::errc{}) {
      return number;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<ReapedTime> parse_reaped_time(std::string_view stat) {
  std::istringstream fields = skip_name(stat);
  std::string skipped;
  for (int field = 3; field < 16; ++field) {
    fields >> skipped;
  }
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  if (!(fields >> user >> system)) {
    return std::nullopt;
  }
  return ReapedTime{from_ticks(user), from_ticks(system)};
}

// The kernel's number of another process's clock: the process inverted and shifted, the kind in the low two bits
// (include/linux/posix-timers.h, MAKE_PROCESS_CPUCLOCK). clock_getcpuclockid() gives the third kind.
std::optional<net::Nanoseconds> read_cpu_clock(pid_t process, CpuClock clock) {
  clockid_t id{};
  if (::clock_getcpuclockid(process, &id) != 0) {
    return std::nullopt;
  }
  id = static_cast<clockid_t>((static_cast<unsigned>(id) & ~3U) | static_cast<unsigned>(clock));
  timespec time{};
  if (::clock_gettime(id, &time) != 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(time.tv_sec) + net::Nanoseconds(time.tv_nsec);
}

std::optional<net::Nanoseconds> parse_start_time(std::string_view stat) {
  std::istringstream fields = skip_name(stat);
  std::string skipped;
  for (int field = 3; field < 22; ++field) {
    fields >> skipped;
  }
  std::uint64_t ticks = 0;
  return fields >> ticks ? std::optional(from_ticks(ticks)) : std::nullopt;
}

std::optional<int> parse_parent(std::string_view stat) {
  std::istringstream fields = skip_name(stat);
  std::string state;
  int parent = 0;
  return fields >> state >> parent ? std::optional(parent) : std::nullopt;
}

std::vector<int> parse_numbers(std::string_view text) {
  std::vector<int> numbers;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at != end) {
    int number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error == std::errc{}) {
      numbers.push_back(number);
      at = next;
    } else {
      ++at;
    }
  }
  return numbers;
}

std::map<std::string, std::int64_t> parse_netstat(std::string_view text) {
  std::map<std::string, std::int64_t> values;
  std::istringstream lines{std::string(text)};
  std::string names_line;
  std::string values_line;
  while (std::getline(lines, names_line) && std::getline(lines, values_line)) {
    std::istringstream names(names_line);
    std::istringstream numbers(values_line);
    std::string group;
    std::string same_group;
    names >> group;
    numbers >> same_group;
    if (group != same_group || group.empty()) {
      return values;
    }
    group.back() = '.';  // "TcpExt:" becomes "TcpExt."
    std::string name;
    std::int64_t number = 0;
    while (names >> name && numbers >> number) {
      values[group + name] = number;
    }
  }
  return values;
}

namespace {

bool has_ended(const net::Descriptor& process) {
  pollfd poll{process.get(), POLLIN, 0};
  return ::poll(&poll, 1, 0) != 0;
}

// `parent` is held open, so its number is its own until it has ended; after that its children are those of the caller,
// which has not collected them.
void signal_children(pid_t parent_pid, const net::Descriptor& parent, int number) {
  for (const pid_t child : list_children(parent_pid)) {
    const net::Descriptor process = open_pidfd(child);
    const auto stat = read_file(fmt::format("/proc/{}/stat", child));
    const auto real_parent = stat ? parse_parent(*stat) : std::nullopt;
    const bool ours = real_parent == ::getpid() || (real_parent == parent_pid && !has_ended(parent));
    if (process && ours) {
      signal_children(child, process, number);
      ::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0);
    }
  }
}

}  // namespace

net::Descriptor open_pidfd(pid_t pid) { return net::Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

std::vector<int> list_numbered_entries(const std::string& directory) {
  std::vector<int> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
  while (open != nullptr) {
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr) {
      break;
    }
    const std::vector<int> number = parse_numbers(entry->d_name);
    if (!number.empty()) {
      numbers.push_back(number.front());
    }
  }
  return numbers;
}

std::vector<pid_t> list_children(pid_t process, pid_t task) {
  const auto text = read_file(fmt::format("/proc/{}/task/{}/children", process, task));
  return text ? parse_numbers(*text) : std::vector<pid_t>{};
}

std::vector<pid_t> list_children(pid_t process) {
  std::vector<pid_t> found;
  for (const int task : list_numbered_entries(fmt::format("/proc/{}/task", process))) {
    const std::vector<pid_t> children = list_children(process, task);
    found.insert(found.end(), children.begin(), children.end());
  }
  return found;
}

std::vector<pid_t> list_descendants(pid_t root) {
  std::vector<pid_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::vector<pid_t> children = list_children(found[i]);
    found.insert(found.end(), children.begin(), children.end());
  }
  found.erase(found.begin());
  return found;
}

void signal_descendants(int number) { signal_children(::getpid(), open_pidfd(::getpid()), number); }

}  // namespace fanin::os
