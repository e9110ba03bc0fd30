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
