#include "harness/guest/frames.h"

#include <gtest/gtest.h>

namespace fanin::guest {
namespace {

std::string two_frames() {
  return encode_frame(FrameType::kHello, kNoCell, "{}") + encode_frame(FrameType::kLoad, 3, std::string("a\0b", 3));
}

// Would catch: a field that is written and read at different places, or bytes that end at a NUL.
TEST(Frames, ComeOutAsTheyWentIn) {
  const ParsedFrames parsed = parse_frames(two_frames());
  EXPECT_EQ(parsed.damage, "");
  ASSERT_EQ(parsed.frames.size(), 2U);
  EXPECT_EQ(parsed.frames[0].type, FrameType::kHello);
  EXPECT_EQ(parsed.frames[0].cell, kNoCell);
  EXPECT_EQ(parsed.frames[1].cell, 3U);
  EXPECT_EQ(parsed.frames[1].bytes, std::string("a\0b", 3));
}

// Would catch: a byte that no check covers: a damaged result would be taken for a measurement.
TEST(Frames, AnyDamagedByteIsNoticed) {
  const std::string stream = two_frames();
  for (std::size_t at = 0; at < stream.size(); ++at) {
    std::string damaged = stream;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    EXPECT_NE(parse_frames(damaged).damage, "") << at;
  }
}

// Would catch: a guest that was ended within a frame, and whose frame is read from beyond the end.
TEST(Frames, AnyCutIsNoticed) {
  const std::string stream = two_frames();
  const std::size_t first = encode_frame(FrameType::kHello, kNoCell, "{}").size();
  for (std::size_t length = 1; length < stream.size(); ++length) {
    const ParsedFrames parsed = parse_frames(std::string_view(stream).substr(0, length));
    EXPECT_EQ(parsed.damage.empty(), length == first) << length;
    EXPECT_EQ(parsed.frames.size(), length >= first ? 1U : 0U) << length;
  }
  EXPECT_EQ(parse_frames("").damage, "");
}

}  // namespace
}  // namespace fanin::guest
