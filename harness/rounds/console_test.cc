#include "harness/rounds/console.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace fanin::harness {
namespace {

bool is_interrupted(const Interrupt& interrupt) {
  pollfd poll{interrupt.fd(), POLLIN, 0};
  return ::poll(&poll, 1, 0) == 1;
}

// Would catch: a harness that dies of the SIGHUP of a terminal that is closed, or of SIGQUIT, and leaves its results
// without a run.json.
TEST(Interrupt, TakesAllSignalsThatAskForAnEnd) {
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    const Interrupt interrupt;
    EXPECT_FALSE(is_interrupted(interrupt));
    ::raise(number);
    EXPECT_TRUE(is_interrupted(interrupt)) << number;
  }
}

// Would catch: a run under nohup(1) that ends with its terminal after all.
TEST(Interrupt, LeavesASighupAloneThatIsIgnored) {
  ::signal(SIGHUP, SIG_IGN);
  {
    const Interrupt interrupt;
    ::raise(SIGHUP);
    EXPECT_FALSE(is_interrupted(interrupt));
  }
  EXPECT_EQ(::signal(SIGHUP, SIG_DFL), SIG_IGN);
}

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
