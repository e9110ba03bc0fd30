#include "net/clock.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::net {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ParsesEveryUnit) {
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("100us"), 100us);
  EXPECT_EQ(parse_duration("7ns"), 7ns);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("1.5"), 1500ms);
  EXPECT_EQ(parse_duration("0"), 0s);
  EXPECT_EQ(parse_duration("8760h"), 365 * 24h);
}

TEST(Duration, AddsItsParts) {
  EXPECT_EQ(parse_duration("1m30s"), 90s);
  EXPECT_EQ(parse_duration("1h2m3s4ms5us6ns"), 1h + 2min + 3s + 4ms + 5us + 6ns);
  EXPECT_EQ(parse_duration("1h0.5s"), 1h + 500ms);
}

// Would catch: "10 s", "10sec" or a negative duration accepted.
TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"",     "s",    "10 s", "10sec", "-1s",  "nan", "inf", "1e300s", "5d",  "1s ",  "1s1m",
                           "1s1s", "1m30", ".5s",  "1.s",   "1e3s", "m",   "1ss", "0x10s",  "+1s", "8761h"}) {
    EXPECT_THROW(parse_duration(text), std::invalid_argument) << text;
  }
}

TEST(Duration, FormatsSoThatParsingGivesItBack) {
  for (const char* text : {"0s", "1s", "300ms", "1500us", "7ns", "120s"}) {
    EXPECT_EQ(format_duration(parse_duration(text)), text);
  }
}

}  // namespace
}  // namespace fanin::net
