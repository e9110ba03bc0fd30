#include <gtest/gtest.h>
#include <sys/resource.h>

#include <stdexcept>

#include "microbench/kernel_flows.h"
#include "microbench/requirements.h"
#include "microbench/user_flows.h"
#include "net/affinity.h"

namespace fanin::microbench {
namespace {

template <typename Flow>
class UserFlowTest : public ::testing::Test {};
using UserFlows = ::testing::Types<GeneratorFlow, CoroutineFlow, FiberFlow>;
TYPED_TEST_SUITE(UserFlowTest, UserFlows);

// Would catch: a round trip that does not reach the other flow, or reaches it twice, so its time is wrong.
TYPED_TEST(UserFlowTest, ReachesTheOtherFlowOncePerRoundTrip) {
  TypeParam flow;
  EXPECT_EQ(flow.arrivals(), 0U);
  flow.switch_to_and_back(1000);
  EXPECT_EQ(flow.arrivals(), 1000U);
  flow.switch_to_and_back(1);
  EXPECT_EQ(flow.arrivals(), 1001U);
}

template <typename Flow>
class KernelFlowTest : public ::testing::Test {};
using KernelFlows = ::testing::Types<FutexThread, FutexProcess, ConditionThread, PipeThread, PipeProcess>;
TYPED_TEST_SUITE(KernelFlowTest, KernelFlows);

TYPED_TEST(KernelFlowTest, ReachesTheOtherFlowOncePerRoundTrip) {
  TypeParam flow(choose_cpus(1).second);
  EXPECT_EQ(flow.arrivals(), 0U);
  flow.switch_to_and_back(300);
  EXPECT_EQ(flow.arrivals(), 300U);
  flow.switch_to_and_back(1);
  EXPECT_EQ(flow.arrivals(), 301U);
}

// Would catch: the destructor waits for a flow that has never run.
TYPED_TEST(KernelFlowTest, EndsUnused) { const TypeParam flow(choose_cpus(1).second); }

// Would catch: both flows run at the same time on two CPUs, or spin, so that no switch is timed.
TYPED_TEST(KernelFlowTest, TheKernelSwitchesInEveryRoundTrip) {
  constexpr std::size_t kRoundTrips = 200;
  const int cpu = choose_cpus(1).first;
  const CpuBinding binding(cpu);
  TypeParam flow(cpu);
  const auto count_switches = [] {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
  };
  const long before = count_switches();
  flow.switch_to_and_back(kRoundTrips);
  EXPECT_GE(count_switches() - before, static_cast<long>(kRoundTrips));
}

// Would catch: a benchmark that leaves the program bound, so that all later ones run on one CPU.
TEST(CpuBinding, EndsWithItsScope) {
  const std::vector<int> before = net::allowed_cpus();
  {
    const CpuBinding binding(before.back());
    EXPECT_EQ(net::allowed_cpus(), std::vector<int>{before.back()});
  }
  EXPECT_EQ(net::allowed_cpus(), before);
}

// Would catch: on a machine with one CPU, two flows that share it are reported as being on two.
TEST(Requirements, TwoCpusAreDifferentOrRefused) {
  const std::vector<int> allowed = net::allowed_cpus();
  const CpuBinding binding(allowed.front());
  EXPECT_EQ(choose_cpus(1).first, choose_cpus(1).second);
  try {
    choose_cpus(2);
    FAIL() << "accepts two CPUs where one is allowed";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "needs 2 CPUs, this process may use 1: see taskset -p");
  }
}

TEST(Requirements, RefusesMoreDescriptorsThanTheLimit) {
  EXPECT_NO_THROW(require_descriptors(10));
  EXPECT_THROW(require_descriptors(std::size_t{1} << 40), std::runtime_error);
}

}  // namespace
}  // namespace fanin::microbench
