#include "harness/rounds/interrupt.h"

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

}  // namespace
}  // namespace fanin::harness
