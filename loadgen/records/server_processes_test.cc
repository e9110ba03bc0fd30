#include "loadgen/records/server_processes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "loadgen/records/usage.h"
#include "net/descriptor.h"

namespace fanin::load {
namespace {

// Would catch: a value taken from its neighbour, or from another table with more columns.
TEST(AcceptQueue, OverflowsAreFoundByName) {
  EXPECT_EQ(parse_listen_overflows("Other: A ListenDrops\nOther: 7 8\n"
                                   "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 23 24\n"),
            23U);
}

// Would catch: 0 for "not known".
TEST(AcceptQueue, WhatIsNotThereIsNotZero) {
  EXPECT_EQ(parse_listen_overflows(""), std::nullopt);
  EXPECT_EQ(parse_listen_overflows("TcpExt: SyncookiesSent ListenDrops\nTcpExt: 1 2\n"), std::nullopt);
}

AcceptQueueCounts counts(std::vector<ListeningSocket> listeners, std::optional<std::uint64_t> all) {
  return {std::move(listeners), all};
}

// Would catch: "an accept queue of this machine overflowed 18 times" about a target whose queue had room, since
// ListenOverflows counts those of all programs.
TEST(AcceptQueue, OverflowsOfOtherListenersAreNotTheTargets) {
  EXPECT_EQ(overflows_between(counts({{1, 0, 5}}, 100), counts({{1, 0, 5}}, 118)), 0U);
  EXPECT_EQ(overflows_between(counts({{1, 0, 5}}, 100), counts({{1, 0, 7}}, 118)), 2U);
  EXPECT_EQ(overflows_between(counts({{1, 0, 5}, {2, 0, 1}}, 100), counts({{1, 0, 6}, {2, 0, 3}}, 118)), 3U);
}

// Would catch: drops for lack of memory, or those before a restart of the server, taken for overflows of the run.
TEST(AcceptQueue, DropsOfOtherCausesAndOfEarlierListenersDoNotCount) {
  EXPECT_EQ(overflows_between(counts({{1, 0, 5}}, 100), counts({{1, 0, 9}}, 101)), 1U);
  EXPECT_EQ(overflows_between(counts({{1, 0, 50}}, 100), counts({{2, 0, 3}}, 110)), 3U);
  EXPECT_EQ(overflows_between(counts({{1, 0, 0xFFFFFFFF}}, {}), counts({{1, 0, 1}}, {})), 2U);
}

// Would catch: 0, or the count of all programs, where the target's listeners cannot be seen.
TEST(AcceptQueue, OverflowsOfUnseenListenersAreNotKnown) {
  EXPECT_EQ(overflows_between({std::nullopt, 1}, {std::nullopt, 9}), std::nullopt);
  EXPECT_EQ(overflows_between(counts({}, 1), counts({}, 9)), std::nullopt);
}

// Would catch: traffic that begins before the server has accepted all connections.
TEST(AcceptQueue, KnowsWhoWaitsForAccept) {
  const net::Descriptor listener = net::listen_on(net::Address::parse("127.0.0.1", 0), {});
  const net::Address target = net::Address::of_local_end(listener.get());
  if (!listening_sockets(target)) {
    GTEST_SKIP() << "this kernel does not say which sockets listen";
  }
  EXPECT_EQ(waiting_for_accept(target), 0U);
  const net::Descriptor first(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const net::Descriptor second(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(first.get(), target.data(), target.size()), 0);
  ASSERT_EQ(::connect(second.get(), target.data(), target.size()), 0);
  EXPECT_EQ(waiting_for_accept(target), 2U);
  const net::Descriptor accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(waiting_for_accept(target), 1U);
}

// Would catch: listeners of another port or address, or those at the wildcard next to one at the address.
TEST(ListeningSockets, AreThoseThatGetTheConnections) {
  const net::Descriptor wildcard = net::listen_on(net::Address::parse("0.0.0.0", 0), {});
  const std::uint16_t port = net::Address::of_local_end(wildcard.get()).port();
  const net::Address target = net::Address::parse("127.0.0.1", port);
  const auto at_wildcard = listening_sockets(target);
  if (!at_wildcard) {
    GTEST_SKIP() << "this kernel does not say which sockets listen";
  }
  ASSERT_EQ(at_wildcard->size(), 1U);
  const net::Descriptor exact = net::listen_on(net::Address::parse("127.0.0.9", 0), {.reuse_port = true});
  const net::Address its = net::Address::of_local_end(exact.get());
  const net::Descriptor second = net::listen_on(its, {.reuse_port = true});
  EXPECT_EQ(listening_sockets(its)->size(), 2U);
  EXPECT_TRUE(listening_sockets(net::Address::parse("127.0.0.8", its.port()))->empty());
}

// Would catch: a server for IPv6 that takes connections of IPv4 as well, which is then found by neither.
TEST(ListeningSockets, OfBothFamiliesAreFoundByIpv4) {
  net::Descriptor both;
  try {
    both = net::listen_on(net::Address::parse("::", 0), {});
  } catch (const std::exception& error) {
    GTEST_SKIP() << error.what();
  }
  const std::uint16_t port = net::Address::of_local_end(both.get()).port();
  const auto found = listening_sockets(net::Address::parse("127.0.0.1", port));
  if (!found) {
    GTEST_SKIP() << "this kernel does not say which sockets listen";
  }
  EXPECT_EQ(found->size(), 1U);
  EXPECT_EQ(listening_sockets(net::Address::parse("::1", port))->size(), 1U);
}

// A kernel without inet_diag, such as Debian's in a guest, said nothing of the accept queue.
TEST(ListeningSockets, AreFoundInProcNet) {
  const std::string heading =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const std::string listener =
      "   0: 00000000:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 "
      "0\n"
      "   1: 0100007F:1F90 00000000:0000 0A 00000000:0000000C 00:00000000 00000000     7        0 4712 1 0 100 0 0 10 "
      "0\n"
      "   2: 0100007F:1F91 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 "
      "0\n";
  const std::string connection =
      "   3: 0100007F:1F90 0100007F:8888 01 00000000:00000009 00:00000000 00000000     0        0 4714 1 0 20 4 30 10 "
      "-1\n";
  const auto find = [](const std::string& text, int family, const char* address, std::uint16_t port) {
    std::vector<ListeningSocket> found;
    int score = 0;
    parse_listening_sockets(text, family, net::Address::parse(address, port), score, found);
    return found;
  };
  const auto found = find(heading + listener + connection + listener, AF_INET, "127.0.0.1", 8080);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].inode, 4712U);
  EXPECT_EQ(found[0].uid, 7U);
  EXPECT_EQ(found[0].queued, 12U);
  EXPECT_EQ(found[0].drops, std::nullopt);
  EXPECT_EQ(find(heading + listener, AF_INET, "127.0.0.2", 8080).at(0).inode, 4711U);
  EXPECT_TRUE(find(heading + listener, AF_INET, "127.0.0.1", 80).empty());
  EXPECT_TRUE(find("", AF_INET, "127.0.0.1", 8080).empty());
  const std::string v6 =
      "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000002 "
      "00:00000000 "
      "00000000     0        0 99 1 0 100 0 0 10 0\n";
  EXPECT_EQ(find(heading + v6, AF_INET6, "::1", 8080).at(0).queued, 2U);
  EXPECT_TRUE(find(heading + v6, AF_INET6, "127.0.0.1", 8080).empty());
}

// Would catch: both sources of one fact that differ.
TEST(ListeningSockets, OfProcNetAreThoseOfSockDiag) {
  const net::Descriptor listener = net::listen_on(net::Address::parse("127.0.0.1", 0), {});
  const net::Address target = net::Address::of_local_end(listener.get());
  const auto asked = listening_sockets(target);
  std::ifstream file("/proc/net/tcp");
  std::vector<ListeningSocket> read;
  int score = 0;
  parse_listening_sockets(std::string(std::istreambuf_iterator<char>(file), {}), AF_INET, target, score, read);
  if (!asked || read.empty()) {
    GTEST_SKIP() << "this kernel does not say which sockets listen";
  }
  ASSERT_EQ(asked->size(), read.size());
  EXPECT_EQ(asked->front().inode, read.front().inode);
  EXPECT_EQ(asked->front().uid, read.front().uid);
}

// Would catch: drops of 0 where they are unknown.
TEST(AcceptQueue, UnknownDropsAreNotZero) {
  EXPECT_EQ(overflows_between(counts({{1, 0, {}}}, 100), counts({{1, 0, {}}}, 118)), std::nullopt);
}

// Would catch: a message of the kernel's that is cut off, read beyond its end.
TEST(ListeningSockets, ABrokenAnswerEndsIt) {
  const net::Address target = net::Address::parse("127.0.0.1", 80);
  std::vector<ListeningSocket> found;
  int score = 0;
  const std::vector<std::byte> zeros(64);
  EXPECT_FALSE(add_listening_sockets(zeros, target, score, found));
  EXPECT_FALSE(add_listening_sockets(std::span(zeros).first(3), target, score, found));
  EXPECT_TRUE(found.empty());
}

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
  const net::Descriptor listener = net::listen_on(net::Address::parse("127.0.0.1", 0), {});
  const net::Address target = net::Address::of_local_end(listener.get());
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
  EXPECT_EQ(find_server(net::Address::parse("10.1.2.3", target.port())).reason, "it is not on this machine");
}

}  // namespace
}  // namespace fanin::load
