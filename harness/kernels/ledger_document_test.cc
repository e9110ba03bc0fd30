#include "harness/kernels/ledger_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;

const Json kWorkload{{"protocol", "echo"}};

// Would catch: options that are off, or quotes, in what kernels are compared by.
TEST(KernelConfig, HoldsWhatIsSet) {
  EXPECT_EQ(parse_kernel_config("# CONFIG_X is not set\nCONFIG_HZ=250\nCONFIG_LSM=\"lockdown,ipe\"\n\n"),
            (Json{{"CONFIG_HZ", "250"}, {"CONFIG_LSM", "lockdown,ipe"}}));
}

// Would catch: cells of two builds of one release that cannot be told apart.
TEST(KernelNames, AreUnique) {
  EXPECT_THAT(name_kernels({{.release = "6.1"}, {.release = "6.12"}, {.release = "6.1"}}),
              ElementsAre("6.1", "6.12", "6.1 (2)"));
}

// Would catch: a failed cell whose progress line shows a figure, or one without its reason.
TEST(CellEntries, HaveAFigureOrAReason) {
  const Cell cell{.id = "echo/epoll/1",
                  .experiment = "echo",
                  .server = "epoll",
                  .parameter = "connections",
                  .value = 1,
                  .workload = Workload::parse(JsonReader(kWorkload, "w"))};
  Json entry = make_cell_entry(cell, "6.12", "failed", "Kernel panic");
  EXPECT_EQ(describe_cell_entry(entry), "failed: Kernel panic");
  EXPECT_EQ(entry["instructions"], nullptr);
  entry["reason"] = nullptr;
  entry["instructions_per_request"] = 32'000;
  EXPECT_THAT(describe_cell_entry(entry), ::testing::EndsWith(" instructions per request"));
}

}  // namespace
}  // namespace fanin::harness
