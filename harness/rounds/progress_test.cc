#include "harness/rounds/progress.h"

#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

Json round_of(const char* status, const Json& reason, const Json& reasons) {
  return {{"cell", "echo/epoll/10"},
          {"status", status},
          {"reason", reason},
          {"load",
           {{"throughput", {{"requests_per_s", 226'000.0}}},
            {"verdict", {{"status", reasons.empty() ? "valid" : "warning"}, {"reasons", reasons}}}}}};
}

// The bug: whole sentences, two lines a round.
TEST(RoundLine, HasFiguresAndCodesInOneLine) {
  EXPECT_EQ(round_line(round_of("ok", nullptr, Json::array()), 1, 24),
            "   1/24 echo/epoll/10: 226k/s, p99 -, server - per request");
  const Json reasons = Json::array({{{"code", "preempted"}, {"text", "only 98 % ..."}}});
  EXPECT_EQ(round_line(round_of("ok", nullptr, reasons), 2, 24),
            "   2/24 echo/epoll/10: 226k/s, p99 -, server - per request ! preempted");
  EXPECT_EQ(round_line(round_of("invalid", "only 98 %", reasons), 3, 24),
            "   3/24 echo/epoll/10: ! invalid: preempted");
  EXPECT_EQ(round_line(round_of("failed", "the server died", Json::array()), 4, 24),
            "   4/24 echo/epoll/10: ! failed: the server died");
}

// Would catch: a long name that pushes the mark out of the line.
TEST(RoundLine, IsAtMost100Columns) {
  Json round = round_of("failed", std::string(300, 'x'), Json::array());
  EXPECT_EQ(round_line(round, 1, 24).size(), 100U);
  round["cell"] = std::string(300, 'y');
  EXPECT_EQ(round_line(round, 1, 24).size(), 100U);
  EXPECT_NE(round_line(round, 1, 24).find("! failed: xxx"), std::string::npos);
}

}  // namespace
}  // namespace fanin::harness
