#include "harness/kernels/ledger_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Would catch: a name that leads out of /proc/sys of the guest, or a value that is lost behind a second '='.
TEST(GuestSysctls, AreNamesAndValues) {
  EXPECT_EQ(parse_sysctls({"net.core.somaxconn=1024", "kernel.core_pattern=a=b"}),
            (std::map<std::string, std::string>{{"net.core.somaxconn", "1024"}, {"kernel.core_pattern", "a=b"}}));
  for (const char* wrong : {"", "net.core.somaxconn", "=1", "../x=1", "a..b=1", "a b=1"}) {
    EXPECT_THAT([&] { parse_sysctls({wrong}); }, ThrowsMessage<std::invalid_argument>(HasSubstr("must be NAME=VALUE")));
  }
}

// Would catch: a result that does not say which values its guests had; a value that the kernel ends at a space.
TEST(GuestSysctls, AreRecordedOnTheCommandLine) {
  EXPECT_EQ(format_append("", {}), "");
  EXPECT_EQ(format_append("mitigations=off", {{"a.b", "1"}, {"net.ipv4.tcp_rmem", "1 2 3"}}),
            "mitigations=off sysctl.a.b=1 sysctl.net.ipv4.tcp_rmem=\"1 2 3\"");
}

// Would catch: guests that make the host swap or that its OOM killer ends.
TEST(ParallelGuests, FitTheMachine) {
  EXPECT_EQ(choose_parallel(2, 8192, 512), 2U);
  EXPECT_EQ(choose_parallel(8, 2100, 512), 2U);
  EXPECT_EQ(choose_parallel(2, std::nullopt, 512), 2U);
  EXPECT_THAT([] { choose_parallel(2, 900, 512); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("needs 1024 MiB of memory, and 900 MiB are available")));
}

}  // namespace
}  // namespace fanin::harness
