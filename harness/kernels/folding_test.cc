#include "harness/kernels/folding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/kernels/ledger_fixture.h"

namespace fanin::harness {
namespace {

using ::testing::UnorderedElementsAre;

std::vector<FunctionChange> fold(const std::vector<Frame>& base, const std::vector<Frame>& now,
                                 std::uint64_t now_requests = 10) {
  const Json base_paths = make_paths(base);
  const Json now_paths = make_paths(now);
  return fold_functions({base_paths, 10}, {now_paths, now_requests});
}

// "label base now" of each row.
std::vector<std::string> rows(const std::vector<FunctionChange>& changes) {
  std::vector<std::string> texts;
  for (const FunctionChange& each : changes) {
    texts.push_back(each.label() + " " + std::to_string(each.base) + " " + std::to_string(each.now));
  }
  return texts;
}

// Would catch: a compiler's suffix, or an allocator's new name, as one function gone and another one new.
TEST(Folding, ARenamedFunctionIsNoChange) {
  EXPECT_THAT(rows(fold({{-1, "a", 1}, {0, "kmem_cache_alloc_node", 50}, {0, "skb_put.isra.0", 7}},
                        {{-1, "a", 1}, {0, "kmem_cache_alloc_node_noprof", 50}, {0, "skb_put.part.0.isra.0", 7}})),
              UnorderedElementsAre("a 1 1", "kmem_cache_alloc_node -> kmem_cache_alloc_node_noprof 50 50",
                                   "skb_put.isra.0 -> skb_put.part.0.isra.0 7 7"));
  EXPECT_THAT(rows(fold({{-1, "memset", 60}, {-1, "__fget_light", 9}},
                        {{-1, "memset", 1}, {0, "memset_orig", 59}, {-1, "fdget_pos", 5}, {-1, "fdget", 4}})),
              UnorderedElementsAre("memset -> memset_orig 60 60", "__fget_light -> fdget+fdget_pos 9 9"));
  EXPECT_EQ(canonical_name("_noprof"), "_noprof");
  EXPECT_EQ(canonical_name(".cold"), ".cold");
}

// Would catch: a rename that no rule knows.
TEST(Folding, EqualCountsBelowTheSameCallerAreARename) {
  EXPECT_THAT(rows(fold({{-1, "tcp_ack", 10}, {0, "tcp_old", 8}}, {{-1, "tcp_ack", 10}, {0, "tcp_new", 8}})),
              UnorderedElementsAre("tcp_ack 10 10", "tcp_old -> tcp_new 8 8"));
  // Per request, where the windows differ.
  EXPECT_THAT(rows(fold({{-1, "tcp_ack", 10}, {0, "tcp_old", 8}}, {{-1, "tcp_ack", 20}, {0, "tcp_new", 16}}, 20)),
              UnorderedElementsAre("tcp_ack 10 20", "tcp_old -> tcp_new 8 16"));
}

// Would catch: pairs by chance, which hide a change.
TEST(Folding, EqualCountsAreNotEnough) {
  // Of two subsystems.
  EXPECT_THAT(rows(fold({{-1, "a", 100}, {0, "tcp_old", 8}}, {{-1, "a", 100}, {0, "ep_new", 8}})),
              UnorderedElementsAre("a 100 100", "tcp_old (gone) 8 0", "ep_new (new) 0 8"));
  // Without a caller in common.
  EXPECT_THAT(rows(fold({{-1, "a", 100}, {-1, "b", 100}, {0, "tcp_old", 8}},
                        {{-1, "a", 100}, {-1, "b", 100}, {1, "tcp_new", 8}})),
              UnorderedElementsAre("a 100 100", "b 100 100", "tcp_old (gone) 8 0", "tcp_new (new) 0 8"));
  // Two that fit.
  EXPECT_THAT(rows(fold({{-1, "a", 100}, {0, "tcp_old", 8}}, {{-1, "a", 100}, {0, "tcp_n1", 8}, {0, "tcp_n2", 8}})),
              UnorderedElementsAre("a 100 100", "tcp_old (gone) 8 0", "tcp_n1 (new) 0 8", "tcp_n2 (new) 0 8"));
}

// Would catch: a function that the other kernel has inlined, as a function gone and callers that grew.
TEST(Folding, AnInlinedFunctionJoinsItsCallersWhereCountsSaySo) {
  EXPECT_THAT(rows(fold({{-1, "tcp_ack", 100}, {0, "tcp_sack", 40}, {-1, "tcp_push", 10}, {2, "tcp_sack", 5}},
                        {{-1, "tcp_ack", 141}, {-1, "tcp_push", 15}})),
              UnorderedElementsAre("tcp_ack+tcp_sack -> tcp_ack 140 141", "tcp_push+tcp_sack -> tcp_push 15 15"));
  // The other way round: no longer inlined.
  EXPECT_THAT(rows(fold({{-1, "tcp_ack", 140}}, {{-1, "tcp_ack", 100}, {0, "tcp_sack", 44}})),
              UnorderedElementsAre("tcp_ack -> tcp_ack+tcp_sack 140 144"));
  // With the function that it calls.
  EXPECT_THAT(rows(fold({{-1, "tcp_ack", 100}, {0, "tcp_sack", 40}, {1, "tcp_mark", 20}}, {{-1, "tcp_ack", 160}})),
              UnorderedElementsAre("tcp_ack+tcp_mark+tcp_sack -> tcp_ack 160 160"));
}

// Would catch: a function that ended with a jump to another one, which it has inlined now: nothing but their common
// caller tells that they belong together.
TEST(Folding, AFunctionJoinsTheOneThatEndedWithAJumpToIt) {
  EXPECT_THAT(rows(fold({{-1, "tcp_xmit", 500}, {0, "skb_clone", 60}, {0, "__skb_clone", 118}},
                        {{-1, "tcp_xmit", 500}, {0, "skb_clone", 172}})),
              UnorderedElementsAre("tcp_xmit 500 500", "__skb_clone+skb_clone -> skb_clone 178 172"));
  // Less is enough where their names are alike.
  EXPECT_THAT(
      rows(fold({{-1, "sock_a", 9}, {0, "__wake_up_sync_key", 14}, {0, "__wake_up_common_lock", 100}},
                {{-1, "sock_a", 9}, {0, "__wake_up_sync_key", 52}})),
      UnorderedElementsAre("sock_a 9 9", "__wake_up_common_lock+__wake_up_sync_key -> __wake_up_sync_key 114 52"));
  EXPECT_THAT(
      rows(fold({{-1, "sock_a", 9}, {0, "kfree", 14}, {0, "obj_free", 100}}, {{-1, "sock_a", 9}, {0, "kfree", 52}})),
      ::testing::Contains("obj_free (gone) 100 0"));
}

TEST(Folding, ALabelLeavesOutSmallParts) {
  const std::vector<FunctionChange> changes = fold({{-1, "a", 100}, {0, "a.cold", 5}}, {{-1, "a", 103}});
  EXPECT_THAT(rows(changes), UnorderedElementsAre("a 105 103"));
}

// Would catch: work that is gone, booked as a gain of its caller; the reader could not see what it was.
TEST(Folding, WorkThatIsGoneStaysARowOfItsOwn) {
  EXPECT_THAT(rows(fold({{-1, "tcp_ack", 100}, {0, "tcp_sack", 40}}, {{-1, "tcp_ack", 110}})),
              UnorderedElementsAre("tcp_ack 100 110", "tcp_sack (gone) 40 0"));
  EXPECT_THAT(rows(fold({{-1, "tcp_sack", 40}}, {{-1, "tcp_ack", 40}})),
              UnorderedElementsAre("tcp_sack -> tcp_ack 40 40"));  // both at the root: a rename
}

TEST(Folding, RecursionHasAnEnd) {
  EXPECT_THAT(rows(fold({{-1, "a", 100}, {0, "b", 5}, {1, "b", 5}}, {{-1, "a", 110}})),
              UnorderedElementsAre("a 100 110", "b (gone) 10 0"));
}

// Would catch: user code that is folded with the kernel's function of the same name, or taken apart by program.
TEST(Folding, UserCodeKeepsItsNames) {
  EXPECT_THAT(rows(fold({{-1, "[user]", 0}, {0, "memset_orig", 5}, {-1, "memset_orig", 6}},
                        {{-1, "[user]", 0}, {0, "memset", 5}, {-1, "memset_orig", 6}})),
              UnorderedElementsAre("memset_orig (gone) 5 0", "memset (new) 0 5", "memset_orig 6 6"));
}

}  // namespace
}  // namespace fanin::harness
