#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.h"

namespace fanin::load {

// The processes that serve a target.
struct ServerProcesses {
  std::vector<pid_t> roots;  // each with all its descendants; empty: unknown
  bool given = false;        // by --server-pid
  std::string reason;        // why they are unknown; empty: they are known
};

// Finds the processes that hold the listening sockets of a target on this machine, in some milliseconds. This process
// is excluded.
ServerProcesses find_server(const Address& target);

// The inodes of Unix-domain sockets that listen at `path`, from the text of /proc/net/unix.
std::set<std::uint64_t> parse_unix_listeners(std::string_view text, std::string_view path);

// The roots of the processes that hold a listening socket. The root of pre-forked workers is their leader, even if it
// is only their common parent. Init, which holds the sockets of services that it activates, is a root only if no other
// process holds them. `parent` of a process, 0: none; `self`: this process, whose ancestors are never leaders.
std::vector<pid_t> server_roots(const std::set<pid_t>& holders, pid_t self, const std::function<pid_t(pid_t)>& parent);

}  // namespace fanin::load
