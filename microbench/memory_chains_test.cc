#include "microbench/memory_chains.h"

#include <gtest/gtest.h>

namespace fanin::microbench {
namespace {

// Would catch: short cycles, whose nodes stay in the cache, so that nothing waits for memory.
TEST(MemoryChains, OneCycleHasAllNodes) {
  const std::vector<ChainNode> chain = make_chain(std::size_t{64} * 1000);
  ASSERT_EQ(chain.size(), 1000U);
  std::uint32_t node = 0;
  std::size_t length = 0;
  do {
    node = chain[node].next;
    ++length;
  } while (node != 0 && length <= chain.size());
  EXPECT_EQ(length, chain.size());
}

template <typename Chains>
class InterleavedChainsTest : public ::testing::Test {};
using AllInterleaved = ::testing::Types<InterleavedChains<Coroutines>, InterleavedChains<Fibers>>;
TYPED_TEST_SUITE(InterleavedChainsTest, AllInterleaved);

// Would catch: an order that follows fewer pointers, which would look faster.
TYPED_TEST(InterleavedChainsTest, EndsWhereTheSerialOrderEnds) {
  const std::vector<ChainNode> chain = make_chain(std::size_t{64} * 1000);
  SerialChains serial(chain, 16);
  TypeParam interleaved(chain, 16);
  EXPECT_EQ(interleaved.positions(), serial.positions());
  for (const std::size_t steps : {1U, 7U, 100U}) {
    serial.do_steps(steps);
    interleaved.do_steps(steps);
    EXPECT_EQ(interleaved.positions(), serial.positions());
  }
}

}  // namespace
}  // namespace fanin::microbench
