#include <gtest/gtest.h>

#include <stdexcept>

#include "loadgen/plan/protocol_options.h"

namespace fanin::load {
namespace {

TEST(Unescape, KnowsTheCEscapes) {
  EXPECT_EQ(unescape("PING\\r\\n"), "PING\r\n");
  EXPECT_EQ(unescape("a\\tb\\\\n"), "a\tb\\n");
  EXPECT_EQ(unescape("\\x00\\xfF").size(), 2U);
  EXPECT_EQ(unescape("\\0"), std::string(1, '\0'));
  EXPECT_EQ(unescape("plain"), "plain");
}

// Would catch: a typing error that is sent as it stands.
TEST(Unescape, RefusesWhatIsNone) {
  for (const char* text : {"\\", "\\q", "\\x", "\\x1", "\\xzz"}) {
    EXPECT_THROW(unescape(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace fanin::load
