#include "loadgen/drivers/connect.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <set>

#include "loadgen/integration_test/test_server.h"
#include "loadgen/records/error_kind.h"

namespace fanin::load {
namespace {

const net::Address kTarget = net::Address::parse("127.0.0.1", 80);

TEST(SourceAddresses, TheKernelChoosesIfOneAddressIsEnough) {
  EXPECT_EQ(SourceAddresses(kTarget, 100, false).of(0), nullptr);
}

// Would catch: a run of 100,000 connections that ends in "cannot assign requested address".
TEST(SourceAddresses, ManyConnectionsUseDistinctLoopbackAddresses) {
  const std::uint64_t carried = net::local_port_range().count() / 16;
  const SourceAddresses sources(kTarget, 300 * carried, false);
  EXPECT_EQ(sources.count(), 300U);
  std::set<std::string> hosts;
  for (std::uint64_t i = 0; i < 600; ++i) {
    ASSERT_NE(sources.of(i * carried), nullptr);
    EXPECT_TRUE(sources.of(i * carried)->is_loopback());
    hosts.insert(sources.of(i * carried)->host());
  }
  EXPECT_EQ(hosts.size(), 300U);
}

// Would catch: a new address for each connection, which gives every process of a server that selects by client address
// (--steer source-ip) one connection at a time; and gaps between the addresses, which make its shares unequal.
TEST(SourceAddresses, AnAddressIsUsedUpBeforeTheNextOne) {
  const std::uint64_t carried = net::local_port_range().count() / 16;
  const SourceAddresses sources(kTarget, 300 * carried, false);
  EXPECT_EQ(sources.of(0)->host(), "127.0.0.1");
  EXPECT_EQ(sources.of(carried - 1)->host(), "127.0.0.1");
  EXPECT_EQ(sources.of(carried)->host(), "127.0.0.2");
  EXPECT_EQ(sources.of(255 * carried)->host(), "127.0.1.0");
  EXPECT_EQ(sources.of(300 * carried)->host(), "127.0.0.1");
}

// A run that reconnects all the time leaves its ports in TIME_WAIT, so all addresses have to share the load.
TEST(SourceAddresses, ChurnRotatesAddresses) {
  const SourceAddresses sources(kTarget, 1, true);
  EXPECT_EQ(sources.count(), 16U);
  EXPECT_NE(sources.of(0)->host(), sources.of(1)->host());
}

TEST(SourceAddresses, OtherTargetsAreLeftToTheKernel) {
  EXPECT_EQ(SourceAddresses(net::Address::parse("192.0.2.1", 80), 1'000'000, true).of(0), nullptr);
  EXPECT_EQ(SourceAddresses(net::Address::parse("::1", 80), 1'000'000, true).of(0), nullptr);
}

TEST(StartConnect, ConnectsFromTheGivenAddress) {
  TestServer server(TestServer::Behaviour::kEchoes);
  const net::Address source = net::Address::parse("127.0.7.9", 0);
  const ConnectResult connecting = start_connect(server.address(), &source, net::Blocking::kYes);
  ASSERT_TRUE(connecting.connected);
  EXPECT_EQ(net::Address::of_local_end(connecting.fd.get()).host(), "127.0.7.9");
}

// Descriptors, ports and refusals need different remedies, so the errors must be distinct.
TEST(StartConnect, FailuresKeepTheirReason) {
  const ConnectResult refused = start_connect(refusing_address(), nullptr, net::Blocking::kYes);
  EXPECT_FALSE(refused.fd);
  EXPECT_EQ(classify_connect(refused.error), ErrorKind::kConnectRefused);

  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const ConnectResult exhausted = start_connect(kTarget, nullptr, net::Blocking::kNo);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(classify_connect(exhausted.error), ErrorKind::kNoDescriptor);

  EXPECT_EQ(classify_connect(EADDRNOTAVAIL), ErrorKind::kNoPort);
  EXPECT_EQ(classify_connect(ETIMEDOUT), ErrorKind::kConnectTimeout);
  EXPECT_EQ(classify_connect(ENOMEM), ErrorKind::kNoMemory);
  EXPECT_EQ(classify_connect(EHOSTUNREACH), ErrorKind::kConnectOther);
  // A server that was killed with the connection in its queue: this was counted as a failed connect of unknown kind.
  EXPECT_EQ(classify_connect(ECONNRESET), ErrorKind::kReset);
}

TEST(ErrorKind, EveryKindHasAName) {
  std::set<std::string_view> names(kErrorNames.begin(), kErrorNames.end());
  EXPECT_EQ(names.size(), kErrorKinds);
  EXPECT_EQ(error_name(ErrorKind::kClosedIdle), "closed_idle");
  EXPECT_EQ(error_name(ErrorKind::kConnectRefused), "connect_refused");
}

}  // namespace
}  // namespace fanin::load
