#include "loadgen/records/server_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include "loadgen/records/usage.h"
#include "os/procfs.h"

namespace fanin::load {
namespace {

constexpr pid_t kInit = 1;
constexpr std::size_t kMaxSiblings = 256;  // more are not the workers of one server
constexpr int kMaxDescriptors = 4096;      // looked at in each process: a listener is opened before its connections

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// The inode in "socket:[4711]"; nullopt for another kind of file.
std::optional<std::uint64_t> socket_inode(std::string_view link) {
  constexpr std::string_view kSocket = "socket:[";
  std::uint64_t inode = 0;
  if (!link.starts_with(kSocket) ||
      std::from_chars(link.data() + kSocket.size(), link.data() + link.size(), inode).ec != std::errc{}) {
    return std::nullopt;
  }
  return inode;
}

// Finds the holders of some sockets. A machine may have thousands of processes: the search begins with the newest and
// ends when each socket has a holder; then it looks at relatives of the holders, which may have inherited it.
class HolderSearch {
 public:
  explicit HolderSearch(const std::set<std::uint64_t>& inodes) : inodes_(inodes), missing_(inodes) {}

  void run() {
    for (const pid_t pid : all_processes()) {
      look_at(pid);
      if (missing_.empty()) {
        break;
      }
    }
    for (std::size_t i = 0; i < holders_.size(); ++i) {
      const pid_t parent = find_parent(holders_[i]);
      look_at(parent);
      if (const std::vector<pid_t> siblings = os::list_children(parent); siblings.size() <= kMaxSiblings) {
        std::for_each(siblings.begin(), siblings.end(), [this](pid_t sibling) { look_at(sibling); });
      }
    }
  }

  std::set<pid_t> holders() const { return {holders_.begin(), holders_.end()}; }
  bool some_hidden() const noexcept { return some_hidden_; }  // processes that this one may not inspect

 private:
  static std::vector<pid_t> all_processes() {
    std::vector<pid_t> pids = os::list_numbered_entries("/proc");
    std::sort(pids.rbegin(), pids.rend());
    return pids;
  }

  void look_at(pid_t pid) {
    if (!seen_.insert(pid).second) {
      return;
    }
    const Directory descriptors(::opendir(fmt::format("/proc/{}/fd", pid).c_str()));
    if (!descriptors) {
      some_hidden_ = some_hidden_ || errno == EACCES;
      return;
    }
    std::array<char, 64> link{};
    bool holds = false;
    int count = 0;
    for (const dirent* entry = nullptr; count < kMaxDescriptors && (entry = ::readdir(descriptors.get())) != nullptr;
         ++count) {
      const ssize_t length = ::readlinkat(::dirfd(descriptors.get()), entry->d_name, link.data(), link.size());
      const auto inode = length > 0 ? socket_inode({link.data(), static_cast<std::size_t>(length)}) : std::nullopt;
      if (inode && inodes_.contains(*inode)) {
        holds = true;
        missing_.erase(*inode);
      }
    }
    if (holds) {
      holders_.push_back(pid);
    }
  }

  const std::set<std::uint64_t>& inodes_;
  std::set<std::uint64_t> missing_;  // sockets without a known holder
  std::set<pid_t> seen_;
  std::vector<pid_t> holders_;
  bool some_hidden_ = false;
};

// The inodes of the sockets that listen there; nullopt if the kernel does not show them.
std::optional<std::set<std::uint64_t>> listening_inodes(const net::Address& target) {
  if (target.is_unix()) {
    std::ifstream file("/proc/net/unix");
    return parse_unix_listeners(std::string(std::istreambuf_iterator<char>(file), {}), target.path());
  }
  const auto sockets = listening_sockets(target);
  if (!sockets) {
    return std::nullopt;
  }
  std::set<std::uint64_t> inodes;
  for (const ListeningSocket& socket : *sockets) {
    inodes.insert(socket.inode);
  }
  return inodes;
}

std::set<pid_t> find_ancestors(pid_t pid, const std::function<pid_t(pid_t)>& parent) {
  std::set<pid_t> ancestors{pid};
  while ((pid = parent(pid)) > 0 && ancestors.insert(pid).second) {
  }
  return ancestors;
}

}  // namespace

std::set<std::uint64_t> parse_unix_listeners(std::string_view text, std::string_view path) {
  constexpr unsigned kAccepts = 0x10000;  // __SO_ACCEPTCON
  std::set<std::uint64_t> inodes;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string ignored;
    unsigned flags = 0;
    std::uint64_t inode = 0;
    std::string its_path;
    if (fields >> ignored >> ignored >> ignored >> std::hex >> flags >> ignored >> ignored >> std::dec >> inode >>
            std::ws &&
        std::getline(fields, its_path) && (flags & kAccepts) != 0 && its_path == path) {
      inodes.insert(inode);
    }
  }
  return inodes;
}

std::vector<pid_t> server_roots(const std::set<pid_t>& holders, pid_t self, const std::function<pid_t(pid_t)>& parent) {
  std::set<pid_t> serving = holders;
  serving.erase(self);
  if (serving.size() > 1) {
    serving.erase(kInit);
  }
  std::set<pid_t> roots;
  std::set<pid_t> parents;
  for (const pid_t holder : serving) {
    const std::set<pid_t> ancestors = find_ancestors(parent(holder), parent);
    if (std::none_of(serving.begin(), serving.end(), [&](pid_t other) { return ancestors.contains(other); })) {
      roots.insert(holder);
      parents.insert(parent(holder));
    }
  }
  if (roots.size() > 1 && parents.size() == 1 && !find_ancestors(self, parent).contains(*parents.begin()) &&
      *parents.begin() > kInit) {
    return {*parents.begin()};
  }
  return {roots.begin(), roots.end()};
}

ServerProcesses find_server(const net::Address& target) {
  ServerProcesses server;
  if (!target.is_loopback()) {
    server.reason = "it is not on this machine";
    return server;
  }
  const auto inodes = listening_inodes(target);
  if (!inodes || inodes->empty()) {
    server.reason = inodes ? "no process of this machine listens there" : "the kernel does not show the listeners";
    return server;
  }
  HolderSearch search(*inodes);
  search.run();
  server.roots = server_roots(search.holders(), ::getpid(), find_parent);
  if (server.roots.empty()) {
    server.reason = search.some_hidden() ? "it belongs to another user: give --server-pid"
                                         : "no visible process holds its socket: give --server-pid";
  }
  return server;
}

}  // namespace fanin::load
