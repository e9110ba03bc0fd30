#include "ledger/path_tree.h"

#include <gtest/gtest.h>

namespace fanin::ledger {
namespace {

// Would catch: one function below two callers booked on one node.
TEST(PathTree, APathIsANode) {
  PathTree tree;
  const auto root = tree.child(PathTree::kNoNode, 1);
  const auto other = tree.child(PathTree::kNoNode, 2);
  const auto leaf = tree.child(root, 3);
  EXPECT_NE(tree.child(other, 3), leaf);
  EXPECT_EQ(tree.child(root, 3), leaf);
  EXPECT_EQ(tree.nodes().size(), 4U);
}

// Would catch: merged nodes below the parents of the other tree's numbers.
TEST(PathTree, MergesByPath) {
  PathTree from;
  const auto from_root = from.child(PathTree::kNoNode, 1);
  from.add(from_root, 10);
  from.add(from.child(from_root, 3), 5);
  PathTree to;
  to.child(PathTree::kNoNode, 2);
  const auto root = to.child(PathTree::kNoNode, 1);
  to.add(root, 1);
  to.merge(from);
  ASSERT_EQ(to.nodes().size(), 3U);
  EXPECT_EQ(to.nodes()[root].count, 11U);
  EXPECT_EQ(to.nodes()[2].parent, root);
  EXPECT_EQ(to.nodes()[2].count, 5U);
}

}  // namespace
}  // namespace fanin::ledger
