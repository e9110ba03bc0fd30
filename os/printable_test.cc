#include "os/printable.h"

#include <gtest/gtest.h>

namespace fanin {
namespace {

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
}  // namespace fanin
