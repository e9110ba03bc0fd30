#include "net/socket.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace fanin::net {
namespace {

TEST(Address, ParsesTargets) {
  EXPECT_EQ(Address::parse_target("127.0.0.1:80").text(), "127.0.0.1:80");
  EXPECT_EQ(Address::parse_target("localhost:8080").text(), "127.0.0.1:8080");
  EXPECT_EQ(Address::parse_target("[::1]:443").text(), "[::1]:443");
  EXPECT_EQ(Address::parse_target("unix:/tmp/x").text(), "unix:/tmp/x");
  EXPECT_EQ(Address::parse_target("unix:@name").text(), "unix:@name");
  EXPECT_TRUE(Address::parse_target("unix:@name").is_loopback());
}

TEST(Address, RefusesBadTargets) {
  for (const char* text :
       {"127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "nowhere:80", "127.0.0.1:8x", "unix:", "unix:@"}) {
    EXPECT_THROW(Address::parse_target(text), std::invalid_argument) << text;
  }
}

// Would catch: traffic leaving the machine because only 127.0.0.1 itself, or any 1xx address, counts as loopback; "'[:'
// is not an IP address", which the user did not write.
TEST(Address, SaysWhatIsTheMatterWithBrackets) {
  const auto refusal = [](const char* text) {
    try {
      Address::parse_target(text, PortZero::kAllowed);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("taken");
  };
  EXPECT_EQ(refusal("[::1]:0"), "taken");
  EXPECT_EQ(refusal("[::1"), "'[::1' has no closing bracket: write [ADDRESS]:PORT");
  EXPECT_EQ(refusal("[::1]"), "'[::1]' has no port: write [ADDRESS]:PORT");
  EXPECT_EQ(refusal("[::1]5"), "'[::1]5' has no port: write [ADDRESS]:PORT");
  EXPECT_EQ(refusal("127.0.0.1"), "'127.0.0.1' has no port: write HOST:PORT");
  EXPECT_EQ(refusal("127.0.0.1:65536"), "'65536' is not a port from 0 to 65535");
}

TEST(Address, KnowsLoopback) {
  EXPECT_TRUE(Address::parse("127.0.0.1", 1).is_loopback());
  EXPECT_TRUE(Address::parse("127.255.3.4", 1).is_loopback());
  EXPECT_TRUE(Address::parse("::1", 1).is_loopback());
  EXPECT_FALSE(Address::parse("128.0.0.1", 1).is_loopback());
  EXPECT_FALSE(Address::parse("10.0.0.1", 1).is_loopback());
  EXPECT_FALSE(Address::parse("::", 1).is_loopback());
}

TEST(Listen, PortZeroIsBoundAndTakenPortIsRefused) {
  const Descriptor first = listen_on(Address::parse("127.0.0.1", 0), {});
  const Address bound = Address::of_local_end(first.get());
  EXPECT_NE(bound.port(), 0);
  EXPECT_THROW(listen_on(bound, {}), std::system_error);
}

// Would catch: a bound Unix-domain socket whose address differs from the given one.
TEST(Listen, TakesAnAbstractName) {
  const std::string name = "unix:@fanin-socket-test-" + std::to_string(::getpid());
  const Descriptor listener = listen_on(Address::parse_target(name), {});
  const Address bound = Address::of_local_end(listener.get());
  EXPECT_EQ(bound.text(), name);
  const Descriptor client = make_stream_socket(AF_UNIX, Blocking::kYes);
  EXPECT_EQ(::connect(client.get(), bound.data(), bound.size()), 0);
  EXPECT_THROW(listen_on(bound, {}), std::system_error);
}

// Index of the listener of two that a connection from `source` reaches; 2: none.
std::size_t chosen_for(const std::string& source, const std::array<Descriptor, 2>& listeners) {
  const Address target = Address::of_local_end(listeners[0].get());
  const Address from = Address::parse(source, 0);
  const Descriptor client = make_stream_socket(target.family(), Blocking::kYes);
  check(::bind(client.get(), from.data(), from.size()), "bind");
  check(::connect(client.get(), target.data(), target.size()), "connect");
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (Descriptor(::accept(listeners[i].get(), nullptr, nullptr))) {
      return i;
    }
  }
  return 2;
}

// Expected: 127.0.0.2 is 0x7f000002, which is even; ::1 ends in 1, which is odd.
TEST(SteerBySourceIp, AddressModuloListenersChooses) {
  const auto two_at = [](const std::string& host) {
    const ListenOptions options{.reuse_port = true, .nonblocking = true};
    std::array<Descriptor, 2> listeners;
    listeners[0] = listen_on(Address::parse(host, 0), options);
    listeners[1] = listen_on(Address::of_local_end(listeners[0].get()), options);
    steer_by_source_ip(listeners[0].get(), Address::parse(host, 0).family(), 2);
    return listeners;
  };
  const auto v4 = two_at("127.0.0.1");
  const auto v6 = two_at("::1");
  for (int again = 0; again < 5; ++again) {  // a hash would change with the port
    EXPECT_EQ(chosen_for("127.0.0.2", v4), 0U);
    EXPECT_EQ(chosen_for("127.0.0.3", v4), 1U);
    EXPECT_EQ(chosen_for("::1", v6), 1U);
  }
}

// Would catch: a moved-from descriptor that closes a number which has been reused.
TEST(Descriptor, MoveLeavesNothingBehind) {
  Descriptor one = make_stream_socket(AF_INET, Blocking::kYes);
  const int number = one.get();
  Descriptor two = std::move(one);
  EXPECT_FALSE(one);  // NOLINT(bugprone-use-after-move): tests the state after the move
  EXPECT_EQ(two.get(), number);
}

namespace fs = std::filesystem;

class SocketFileTest : public ::testing::Test {
 protected:
  SocketFileTest() {
    std::string name = (fs::temp_directory_path() / "fanin-socket-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~SocketFileTest() override { fs::remove_all(folder_); }

  std::string path() const { return folder_ / "socket"; }
  Address address() const { return Address::parse_target("unix:" + path()); }

  fs::path folder_;
};

// Would catch: a server that does not start because a predecessor was killed, or that replaces a living one.
TEST_F(SocketFileTest, AStaleFileIsReplacedAndALivingServerIsNot) {
  std::optional<Descriptor> first = listen_on(address(), {});
  EXPECT_THROW(listen_on(address(), {}), std::invalid_argument);
  first.reset();
  ASSERT_TRUE(fs::exists(path()));
  const Descriptor second = listen_on(address(), {});
  const Descriptor client = make_stream_socket(AF_UNIX, Blocking::kYes);
  EXPECT_EQ(::connect(client.get(), address().data(), address().size()), 0);
}

// Would catch: removal of a regular file with the name of the socket.
TEST_F(SocketFileTest, WhatIsNoSocketStays) {
  std::ofstream(path()) << "precious";
  EXPECT_THROW(listen_on(address(), {}), std::invalid_argument);
  EXPECT_EQ(fs::file_size(path()), 8U);
}

// Would catch: a forked worker that removes the server's socket file at its exit.
TEST_F(SocketFileTest, OnlyItsOwnProcessRemovesIt) {
  const Descriptor listener = listen_on(address(), {});
  std::optional<SocketFile> file(std::in_place, path());
  if (const pid_t child = ::fork(); child == 0) {
    file.reset();
    ::_exit(0);
  } else {
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  }
  EXPECT_TRUE(fs::exists(path()));
  std::optional<SocketFile> moved(std::move(*file));
  file.reset();
  EXPECT_TRUE(fs::exists(path()));
  moved.reset();
  EXPECT_FALSE(fs::exists(path()));
}

// Would catch: a port of a command that is still starting, taken by another program, which is then measured in its
// place.
TEST(PortRange, OutsideAreThePortsThatTheKernelDoesNotChoose) {
  const auto outside = [](std::uint32_t first, std::uint32_t last) {
    const PortRange range = range_outside({.first = first, .last = last});
    return range.count() > 0 ? std::pair(range.first, range.last) : std::pair(0U, 0U);
  };
  EXPECT_EQ(outside(32768, 60999), std::pair(1024U, 32767U));
  EXPECT_EQ(outside(1024, 40000), std::pair(40001U, 65535U));
  EXPECT_EQ(outside(1024, 65535), std::pair(0U, 0U));
  EXPECT_EQ(outside(1, 65535), std::pair(0U, 0U));
}

}  // namespace
}  // namespace fanin::net
