#include "loadgen/drivers/outbox.h"

#include <gtest/gtest.h>

#include <string>

namespace fanin::load {
namespace {

// Would catch: bytes lost, repeated or out of order when a socket takes a part of each piece (a pipeline of large
// requests used to be copied whole for each part, which is quadratic).
TEST(WaitingBytes, LeaveInTheirOrderHoweverLittleTheSocketTakes) {
  for (const std::size_t most : {1U, 3U, 7U, 100U}) {
    for (const std::size_t taken : {0U, 1U, 2U, 50U}) {
      WaitingBytes waiting;
      std::string expected;
      std::string sent;
      std::string piece;
      for (int i = 0; i < 400 || !waiting.empty(); ++i) {
        if (i < 100) {
          const std::string bytes(static_cast<std::size_t>(i % 5), static_cast<char>('a' + i % 26));
          waiting.push_back(bytes);
          expected += bytes;
        }
        waiting.pop_front(most, piece);
        const std::size_t left = i < 200 ? std::min(taken, piece.size()) : piece.size();
        sent += piece.substr(0, left);
        waiting.push_front(std::string_view(piece).substr(left));
      }
      EXPECT_EQ(sent, expected) << most << " " << taken;
    }
  }
}

TEST(WaitingBytes, TakeBackMoreThanTheySent) {
  WaitingBytes waiting;
  std::string piece;
  waiting.push_back("world");
  waiting.push_front("hello ");
  waiting.pop_front(100, piece);
  EXPECT_EQ(piece, "hello world");
  EXPECT_TRUE(waiting.empty());
}

}  // namespace
}  // namespace fanin::load
