#include "net/resolve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace fanin::net {
namespace {

TEST(Resolve, AddressesAreTheirOwn) {
  EXPECT_EQ(resolve("127.0.0.1:80").front().text(), "127.0.0.1:80");
  EXPECT_EQ(resolve("[::1]:80").front().text(), "[::1]:80");
  EXPECT_EQ(resolve("unix:/tmp/x").front().text(), "unix:/tmp/x");
}

// Would catch: 0.0.0.0 taken for another machine and refused.
TEST(Resolve, AnyAddressIsThisMachine) {
  EXPECT_EQ(resolve("0.0.0.0:80").front().text(), "127.0.0.1:80");
  EXPECT_EQ(resolve("[::]:80").front().text(), "[::1]:80");
}

// Would catch: localhost is not 127.0.0.1; further addresses depend on /etc/hosts.
TEST(Resolve, NamesHaveAllTheirAddresses) {
  const auto addresses = resolve("localhost:80");
  EXPECT_TRUE(std::all_of(addresses.begin(), addresses.end(), is_on_this_machine));
  EXPECT_THROW(resolve(std::string(300, 'x') + ":80"), std::invalid_argument);
  EXPECT_THROW(resolve("localhost"), std::invalid_argument);
}

TEST(Resolve, OtherMachinesAreNotThisOne) {
  EXPECT_TRUE(is_on_this_machine(Address::parse("127.9.9.9", 1)));
  EXPECT_TRUE(is_on_this_machine(Address::parse("::ffff:127.0.0.1", 1)));
  EXPECT_TRUE(is_on_this_machine(Address::parse_target("unix:@name")));
  EXPECT_FALSE(is_on_this_machine(Address::parse("192.0.2.255", 1)));
  EXPECT_FALSE(is_on_this_machine(Address::parse("2001:db8::1", 1)));
}

}  // namespace
}  // namespace fanin::net
