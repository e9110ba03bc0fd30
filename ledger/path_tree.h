#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace fanin::ledger {

// The call paths of a program within a window, as a tree: a node is a function of the kernel below its caller, or a
// block of user code at the root. Parents precede their children.
class PathTree {
 public:
  struct Node {
    std::uint32_t parent;
    std::uint64_t address;  // of the function, or of the block of user code
    std::uint64_t count = 0;
  };
  static constexpr std::uint32_t kNoNode = UINT32_MAX;

  // The node at an address below a parent, or at the root (kNoNode), which is made if there is none.
  std::uint32_t child(std::uint32_t parent, std::uint64_t address);
  void add(std::uint32_t node, std::uint64_t instructions) noexcept { nodes_[node].count += instructions; }
  // Adds another tree, path by path.
  void merge(const PathTree& other);
  void clear();

  const std::vector<Node>& nodes() const noexcept { return nodes_; }

 private:
  struct Key {
    std::uint32_t parent;
    std::uint64_t address;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return (key.address + key.parent * 0x9e3779b97f4a7c15U) * 0xff51afd7ed558ccdU >> 16U;
    }
  };

  std::vector<Node> nodes_;
  std::unordered_map<Key, std::uint32_t, Hash> index_;
};

}  // namespace fanin::ledger
