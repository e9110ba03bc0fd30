#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ledger/block.h"
#include "ledger/path_tree.h"

namespace fanin::ledger {

// The functions of the kernel that a task is in, from its entry into the kernel to the innermost one. Follows calls,
// returns, jumps to other functions (which replace the innermost one, as a tail call does) and interrupts, from the
// blocks that are executed and their last instructions alone.
class CallPath {
 public:
  // `previous` is the block before, or null if it was not executed to its end: an exception or an access to a device
  // left it.
  void follow(const Block* previous, const Block& block);

  // Begins with a function if nothing is known: the task runs for the first time.
  void begin_with(const Function& function);

  // The node of the innermost function. `generation` changes whenever nodes that were found before are void.
  // Requires a function.
  std::uint32_t node(PathTree& tree, std::uint64_t generation);

  // From the outermost to the innermost function.
  std::vector<std::uint64_t> addresses() const;

 private:
  struct Frame {
    const Function* function;
    std::uint64_t return_address = 0;    // 0: none, by which no return is matched
    const Block* interrupted = nullptr;  // of an entry: the block before it, as `previous` above
    bool is_entry = false;
    std::uint32_t node = PathTree::kNoNode;
  };

  const Block* leave_entry();
  void call(std::uint64_t return_address, const Block& block);
  void return_to(const Block& block);
  void jump_to(const Function& function);
  void push(const Frame& frame);
  void shrink(std::size_t depth);

  std::vector<Frame> frames_;
  std::size_t found_nodes_ = 0;  // of the outermost frames
  std::uint64_t generation_ = 0;
};

}  // namespace fanin::ledger
