#include "loadgen/records/server_processes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <map>

#include "loadgen/records/listening_sockets.h"
#include "loadgen/records/usage.h"

namespace fanin::load {
namespace {

// Processes by their parents: a shell (10) that has started this process (11) and servers.
std::vector<pid_t> roots(const std::set<pid_t>& holders) {
  static const std::map<pid_t, pid_t> kParents{{1, 0},   {10, 1}, {11, 10}, {20, 10}, {21, 20}, {22, 20},
                                               {23, 21}, {30, 1}, {31, 30}, {32, 30}, {40, 10}, {41, 10}};
  return server_roots(holders, 11, [](pid_t pid) {
    const auto found = kParents.find(pid);
    return found == kParents.end() ? 0 : found->second;
  });
}

using Pids = std::vector<pid_t>;

// Would catch: the CPU time of pre-forked workers counted twice, once for each and once below their leader.
TEST(ServerRoots, WorkersAreBelowTheirLeader) {
  EXPECT_EQ(roots({20}), (Pids{20}));
  EXPECT_EQ(roots({20, 21, 22}), (Pids{20}));
  EXPECT_EQ(roots({20, 23}), (Pids{20}));
}

// Would catch: workers with sockets of their own (SO_REUSEPORT), of which only one is seen.
TEST(ServerRoots, WorkersOfALeaderWithoutASocketHaveItForOne) {
  EXPECT_EQ(roots({31, 32}), (Pids{30}));
  EXPECT_EQ(roots({31}), (Pids{31}));
}

// Would catch: a shell that has started two servers and this program taken for the server, or init, which holds the
// socket of a service that it activates.
TEST(ServerRoots, OurAncestorsAndInitAreNoLeaders) {
  EXPECT_EQ(roots({40, 41}), (Pids{40, 41}));
  EXPECT_EQ(roots({10, 11}), (Pids{10}));
  EXPECT_EQ(roots({1, 30}), (Pids{30}));
  EXPECT_EQ(roots({11}), Pids{});
  EXPECT_EQ(roots({}), Pids{});
}

TEST(UnixListeners, AreFoundByTheirPath) {
  constexpr std::string_view kText =
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 12 /run/a.sock\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 13 /run/a.sock\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 14 @name\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 15\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 16 /run/with space\n";
  using Inodes = std::set<std::uint64_t>;
  EXPECT_EQ(parse_unix_listeners(kText, "/run/a.sock"), Inodes{12});
  EXPECT_EQ(parse_unix_listeners(kText, "@name"), Inodes{14});
  EXPECT_EQ(parse_unix_listeners(kText, "/run/with space"), Inodes{16});
  EXPECT_EQ(parse_unix_listeners(kText, "/run/b.sock"), Inodes{});
}

// Would catch: a server that is not found, so that the bottleneck is unknown; and this process taken for it, which
// holds the same socket.
TEST(FindServer, IsWhoHoldsTheListeningSocket) {
  const Descriptor listener = listen_on(Address::parse("127.0.0.1", 0), {});
  const Address target = Address::of_local_end(listener.get());
  if (!listening_sockets(target)) {
    GTEST_SKIP() << "this kernel does not say which sockets listen";
  }
  EXPECT_TRUE(find_server(target).roots.empty());
  EXPECT_FALSE(find_server(target).reason.empty());
  const pid_t child = ::fork();  // holds the listener from its first moment on
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const ServerProcesses server = find_server(target);
  EXPECT_EQ(server.roots, (Pids{child}));
  EXPECT_EQ(server.reason, "");
  EXPECT_EQ(find_parent(child), ::getpid());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(find_server(Address::parse("10.1.2.3", target.port())).reason, "it is not on this machine");
}

}  // namespace
}  // namespace fanin::load
