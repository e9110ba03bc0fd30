#include "net/affinity.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::net {
namespace {

TEST(CpuList, ParsesRangesAndSingles) {
  EXPECT_EQ(parse_cpu_list("0"), (std::vector<int>{0}));
  EXPECT_EQ(parse_cpu_list("3,0-1,1"), (std::vector<int>{0, 1, 3}));
  EXPECT_EQ(format_cpu_list({0, 2, 3}), "0,2,3");
}

// Would catch: a typing error that silently pins to CPU 0.
TEST(CpuList, RefusesWhatIsNoList) {
  for (const char* text : {"", "a", "1-", "-1", "3-1", "0,,1", "0;1", "99999"}) {
    EXPECT_THROW(parse_cpu_list(text), std::invalid_argument) << text;
  }
}

TEST(Affinity, BindingIsReadBack) {
  const std::vector<int> before = allowed_cpus();
  ASSERT_FALSE(before.empty());
  bind_to_cpus({before.back()});
  EXPECT_EQ(allowed_cpus(), (std::vector<int>{before.back()}));
  bind_to_cpus(before);
}

}  // namespace
}  // namespace fanin::net
