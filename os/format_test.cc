#include "os/format.h"

#include <gtest/gtest.h>

#include <limits>

namespace fanin::os {
namespace {

// Would catch: 999.9 us printed as "1000 us", or a unit off by a thousand.
TEST(Format, DurationsTakeTheUnitThatFits) {
  EXPECT_EQ(format_time(net::Nanoseconds(0)), "0 ns");
  EXPECT_EQ(format_time(net::Nanoseconds(850)), "850 ns");
  EXPECT_EQ(format_time(net::Nanoseconds(1'000)), "1.00 us");
  EXPECT_EQ(format_time(net::Nanoseconds(12'345)), "12.3 us");
  EXPECT_EQ(format_time(net::Nanoseconds(180'223)), "180 us");
  EXPECT_EQ(format_time(net::Nanoseconds(999'900)), "1.00 ms");
  EXPECT_EQ(format_time(net::Nanoseconds(4'718'591)), "4.72 ms");
  EXPECT_EQ(format_time(std::chrono::seconds(90)), "90.0 s");
}

// The bug: "the server sent bytes 1 times", "1 replies were not what ...".
TEST(Format, OneOfSomethingIsNoPlural) {
  EXPECT_EQ(plural(1, "time"), "1 time");
  EXPECT_EQ(plural(0, "time"), "0 times");
  EXPECT_EQ(plural(1'200, "byte"), "1,200 bytes");
  EXPECT_EQ(plural(1, "reply"), "1 reply");
  EXPECT_EQ(plural(2, "reply"), "2 replies");
  EXPECT_EQ(part_of(1, 1, "connection"), "1 of 1 connection");
  EXPECT_EQ(part_of(990, 1'000, "connection"), "990 of 1,000 connections");
  EXPECT_EQ(was_or_were(1), "was");
  EXPECT_EQ(was_or_were(0), "were");
}

TEST(Format, CountsAreGroupedByThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'000), "1,000");
  EXPECT_EQ(format_count(1'163'580), "1,163,580");
}

TEST(Format, RatesAndBytes) {
  EXPECT_EQ(format_rate(116'358.4), "116,358/s");
  EXPECT_EQ(format_rate(12.5), "12.5/s");
  EXPECT_EQ(format_rate(0.25), "0.25/s");
  EXPECT_EQ(format_bytes(64), "64 B");
  EXPECT_EQ(format_bytes(7'446'912), "7.10 MiB");  // as in the charts
  EXPECT_EQ(format_byte_rate(7'446'912), "7.45 MB/s");
}

// Would catch: a line that is broken within a word, loses one, or ends in a space; an endless loop for a long word.
TEST(Format, LinesAreWrappedAtSpaces) {
  EXPECT_EQ(wrapped("", 10, 2), "");
  EXPECT_EQ(wrapped("short\n", 10, 2), "short\n");
  EXPECT_EQ(wrapped("no end", 10, 2), "no end\n");
  EXPECT_EQ(wrapped("a row   \n\nb\n", 10, 2), "a row\n\nb\n");
  EXPECT_EQ(wrapped("exactly 10\n", 10, 2), "exactly 10\n");
  EXPECT_EQ(wrapped("one two three four five\nsix\n", 10, 2), "one two\n  three\n  four\n  five\nsix\n");
  EXPECT_EQ(wrapped("a_word_without_any_end and more\n", 10, 4), "a_word_without_any_end\n    and\n    more\n");
}

TEST(Format, ShortRates) {
  EXPECT_EQ(format_short_rate(152'340), "152k/s");
  EXPECT_EQ(format_short_rate(1'234'567), "1.23M/s");
  EXPECT_EQ(format_short_rate(999.4), "999/s");
  EXPECT_EQ(format_short_rate(12.34), "12.3/s");
}

// Would catch: "1000 B", "10.00" or "100.0" just below a border, where rounding adds a digit.
TEST(Format, RoundsIntoTheNextStep) {
  EXPECT_EQ(format_byte_rate(999.4), "999 B/s");
  EXPECT_EQ(format_byte_rate(999.5), "1.00 kB/s");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.00 KiB");
  EXPECT_EQ(format_digits(9.994), "9.99");
  EXPECT_EQ(format_digits(9.996), "10.0");
  EXPECT_EQ(format_digits(99.94), "99.9");
  EXPECT_EQ(format_digits(99.96), "100");
  EXPECT_EQ(format_digits(999.4), "999");
  EXPECT_EQ(format_digits(-2345.6), "-2,346");
}

// The bug: 202 calls per 100,000 requests were "0.00 calls per request", next to a ratio to them.
TEST(Format, SmallNumbersKeepTheirDigits) {
  EXPECT_EQ(format_digits(0.00202), "0.00202");
  EXPECT_EQ(format_digits(-0.0000404), "-0.0000404");
  EXPECT_EQ(format_digits(0.01), "0.01");
  EXPECT_EQ(format_digits(1e-300), "0.000000000");
  EXPECT_EQ(format_digits(0), "0.00");
}

TEST(Format, StaysReadableAtTheEnds) {
  EXPECT_EQ(format_time(std::chrono::seconds(5000)), "5,000 s");  // there is no larger unit
  EXPECT_EQ(format_bytes(-2048), "-2.00 KiB");                    // a difference of readings may be negative
}

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

// Would catch: a mix's name or a server's bytes that clear the screen, retitle the window or fake a second line.
TEST(Printable, ControlCharactersAndBrokenUtf8AreEscaped) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\n\tc\x7f"), "a\\x1b[2Jb\\r\\n\\tc\\x7f");
  EXPECT_EQ(printable(std::string_view("\0x", 2)), "\\x00x");
  EXPECT_EQ(printable("\xc2\x9b\x31m"), "\\xc2\\x9b1m");  // CSI as one character
  EXPECT_EQ(printable("\xff\xc0\xaf\xed\xa0\x80\xe2\x82"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xe2\\x82");
  EXPECT_EQ(printable("\xf4\x90\x80\x80\xf5"), "\\xf4\\x90\\x80\\x80\\xf5");
}

// The bug: a title with U+202E (right-to-left override) was shown from right to left.
TEST(Printable, DirectionsAreEscaped) {
  EXPECT_EQ(printable("a\xe2\x80\xae\x62"), "a\\xe2\\x80\\xaeb");
  for (const char* text : {"\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"}) {
    EXPECT_FALSE(is_printable(text)) << printable(text);
  }
  for (const char* text : {"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa", "\xe2\x82\xaa"}) {
    EXPECT_TRUE(is_printable(text)) << printable(text);
  }
}

TEST(Printable, EverythingElseStays) {
  for (const char* text : {"", "a b", "5 \xc2\xb5s \xe2\x82\xac \xf0\x9f\x98\x80", "\\n"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_TRUE(is_printable(text));
  }
  EXPECT_FALSE(is_printable("a\n"));
  EXPECT_FALSE(is_printable("\xff"));
}

// Would catch: a cut within a character, or within an escape.
TEST(Printable, ALongTextIsCutBetweenCharacters) {
  EXPECT_EQ(printable("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(printable("abcdefghi", 8), "abcde...");
  EXPECT_EQ(printable("abc\xe2\x82\xac\xe2\x82\xac", 8), "abc...");
  EXPECT_EQ(printable("abc\n\n\n", 8), "abc\\n...");
}

}  // namespace

}  // namespace fanin::os
