#include "loadgen/runs/targets.h"

#include <gtest/gtest.h>

#include "loadgen/plan/make_plan.h"
#include "net/socket.h"

namespace fanin::load {
namespace {

// Would catch: `localhost` that fails to find a server on 127.0.0.1, because ::1 comes first.
TEST(Targets, TheFirstAddressThatAcceptsIsTaken) {
  const net::Descriptor listener = net::listen_on(net::Address::parse("127.0.0.1", 0), {});
  const net::Address open = net::Address::of_local_end(listener.get());
  const net::Address closed = [] {
    const net::Descriptor gone = net::listen_on(net::Address::parse("127.0.0.2", 0), {});
    return net::Address::of_local_end(gone.get());
  }();
  EXPECT_EQ(first_accepting({closed, open}).text(), open.text());
  EXPECT_EQ(first_accepting({open, closed}).text(), open.text());
  EXPECT_EQ(first_accepting({closed, closed}).text(), closed.text());
}

TEST(Targets, NamesAreResolvedOnceAndMustBeOnThisMachine) {
  LoadOptions options;
  options.target = "http://localhost:8080/a";
  options.targets = {"0.0.0.0:90"};
  resolve_targets(options);
  EXPECT_TRUE(options.addresses.at("localhost:8080").is_loopback());
  EXPECT_EQ(options.addresses.at("0.0.0.0:90").text(), "127.0.0.1:90");
  EXPECT_EQ(make_plan(options).target.text(), options.addresses.at("localhost:8080").text());
  options.target = "192.0.2.255:80";
  EXPECT_THROW(resolve_targets(options), std::invalid_argument);
  options.allow_remote = true;
  resolve_targets(options);
  EXPECT_EQ(make_plan(options).target.text(), "192.0.2.255:80");
}

}  // namespace
}  // namespace fanin::load
