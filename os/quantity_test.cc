#include "os/quantity.h"

#include <gtest/gtest.h>

#include <limits>

namespace fanin {
namespace {

TEST(Quantity, CountsTakeSuffixes) {
  EXPECT_EQ(parse_count("0"), 0);
  EXPECT_EQ(parse_count("10k"), 10'000);
  EXPECT_EQ(parse_count("1.5M"), 1'500'000);
  EXPECT_EQ(parse_count("1.25k"), 1'250);
  EXPECT_EQ(parse_count("-5"), -5);
  EXPECT_EQ(parse_count("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
}

// Would catch: 010 taken for eight, 0x10 for sixteen, -1 for 18446744073709551615, and a number that does not fit taken
// for the largest that does; CLI11 does all of these.
TEST(Quantity, CountsAreDecimalAndExact) {
  EXPECT_EQ(parse_count("010"), 10);
  for (const char* text : {"", "k", "1.5", "1.2345k", "0x10", "1e3", "10K", "10kk", "1 k", "1.k", ".5k", "1.-5k", "--1",
                           "+1", "99999999999999999999", "9999999999999999999k"}) {
    EXPECT_EQ(parse_count(text), std::nullopt) << text;
  }
}

TEST(Quantity, NumbersTakeSuffixes) {
  EXPECT_EQ(parse_number("0.5"), 0.5);
  EXPECT_EQ(parse_number("1.5k"), 1500);
  EXPECT_EQ(parse_number("2M"), 2e6);
  EXPECT_EQ(parse_number("-5"), -5);
  for (const char* text : {"", "k", "nan", "inf", "1e3", "0x10", "5x", "1 ", "--1"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace fanin
