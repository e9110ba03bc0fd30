#include "ledger/path_tree.h"

namespace fanin::ledger {

std::uint32_t PathTree::child(std::uint32_t parent, std::uint64_t address) {
  const auto [known, is_new] = index_.try_emplace({parent, address}, static_cast<std::uint32_t>(nodes_.size()));
  if (is_new) {
    nodes_.push_back({parent, address});
  }
  return known->second;
}

void PathTree::merge(const PathTree& other) {
  std::vector<std::uint32_t> here;
  here.reserve(other.nodes_.size());
  for (const Node& node : other.nodes_) {
    here.push_back(child(node.parent == kNoNode ? kNoNode : here[node.parent], node.address));
    add(here.back(), node.count);
  }
}

void PathTree::clear() {
  nodes_.clear();
  index_.clear();
}

}  // namespace fanin::ledger
