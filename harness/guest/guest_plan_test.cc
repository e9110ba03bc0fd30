#include "harness/guest/guest_plan.h"

#include <gtest/gtest.h>

#include <exception>

namespace fanin::guest {
namespace {

// Would catch: a key that is written and read under different names; words of a command line that lose their borders.
TEST(GuestPlans, ComeOutAsTheyWentIn) {
  const GuestPlan plan{true,
                       {{"vm.swappiness", "1"}},
                       {{{"/bin/s", "a b", "\"\n"}, {"/bin/l", ""}}, {{"s"}, {}}},
                       {"/bin/fanin", "run"}};
  const GuestPlan read = parse_plan(format_plan(plan));
  EXPECT_TRUE(read.sends_symbols);
  EXPECT_EQ(read.sysctls, plan.sysctls);
  ASSERT_EQ(read.cells.size(), 2U);
  EXPECT_EQ(read.cells[0].server, plan.cells[0].server);
  EXPECT_EQ(read.cells[0].generator, plan.cells[0].generator);
  EXPECT_TRUE(read.cells[1].generator.empty());
  EXPECT_EQ(read.run, plan.run);
}

// Would catch: a guest that misreads its plan, runs no cell and reports success.
TEST(GuestPlans, AreCompleteOrAnError) {
  EXPECT_THROW(parse_plan(""), std::exception);
  EXPECT_THROW(parse_plan("{}"), std::exception);
  EXPECT_THROW(parse_plan(R"({"sends_symbols":false,"sysctls":{},"cells":[{"server":[]}],"run":[]})"), std::exception);
}

}  // namespace
}  // namespace fanin::guest
