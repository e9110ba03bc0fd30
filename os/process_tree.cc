#include "os/process_tree.h"

#include <dirent.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "os/procfs.h"

namespace fanin {
namespace {

bool has_ended(const Descriptor& process) {
  pollfd poll{process.get(), POLLIN, 0};
  return ::poll(&poll, 1, 0) != 0;
}

// `parent` is held open, so its number is its own until it has ended; after that its children are those of the caller,
// which has not collected them.
void signal_children(pid_t parent_pid, const Descriptor& parent, int number) {
  for (const int task : numbered_entries(fmt::format("/proc/{}/task", parent_pid))) {
    for (const pid_t child : children_of(parent_pid, task)) {
      const Descriptor process = open_pidfd(child);
      const auto stat = read_file(fmt::format("/proc/{}/stat", child));
      const auto real_parent = stat ? parse_parent(*stat) : std::nullopt;
      const bool ours = real_parent == ::getpid() || (real_parent == parent_pid && !has_ended(parent));
      if (process && ours) {
        signal_children(child, process, number);
        ::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0);
      }
    }
  }
}

}  // namespace

Descriptor open_pidfd(pid_t pid) { return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

std::vector<int> numbered_entries(const std::string& directory) {
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

std::vector<pid_t> children_of(pid_t process, pid_t task) {
  const auto text = read_file(fmt::format("/proc/{}/task/{}/children", process, task));
  return text ? parse_numbers(*text) : std::vector<pid_t>{};
}

std::vector<pid_t> descendants_of(pid_t root) {
  std::vector<pid_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const int task : numbered_entries(fmt::format("/proc/{}/task", found[i]))) {
      const std::vector<pid_t> children = children_of(found[i], task);
      found.insert(found.end(), children.begin(), children.end());
    }
  }
  found.erase(found.begin());
  return found;
}

void signal_descendants(int number) { signal_children(::getpid(), open_pidfd(::getpid()), number); }

}  // namespace fanin
