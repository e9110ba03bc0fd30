#include "ledger/call_path.h"

#include <algorithm>

namespace fanin::ledger {
namespace {

// A path that is longer has lost its returns. Kernel stacks of 16 KiB hold some hundred frames.
constexpr std::size_t kMaxDepth = 512;

}  // namespace

void CallPath::follow(const Block* previous, const Block& block) {
  if (block.is_user()) {
    shrink(0);
    return;
  }
  // A processor serialises itself with an interrupt return to the next instruction, which leaves no entry.
  if (previous != nullptr && previous->exit == Exit::kInterruptReturn && block.start != previous->end) {
    previous = leave_entry();
  }
  const bool from_kernel = previous != nullptr && !previous->is_user();
  const bool is_entry = block.function->is_stub || (block.function->is_entry && block.start == block.function->address);
  if (is_entry && !(from_kernel && previous->function->is_stub)) {
    push({.function = block.function, .interrupted = previous, .is_entry = true});
  } else if (from_kernel && previous->exit == Exit::kCall) {
    call(previous->end, block);
  } else if (from_kernel && previous->exit == Exit::kReturn) {
    return_to(block);
  } else {
    jump_to(*block.function);
  }
}

void CallPath::begin_with(const Function& function) {
  if (frames_.empty()) {
    push({.function = &function});
  }
}

std::uint32_t CallPath::node(PathTree& tree, std::uint64_t generation) {
  if (generation != generation_) {
    generation_ = generation;
    found_nodes_ = 0;
  }
  for (; found_nodes_ < frames_.size(); ++found_nodes_) {
    const std::uint32_t parent = found_nodes_ == 0 ? PathTree::kNoNode : frames_[found_nodes_ - 1].node;
    frames_[found_nodes_].node = tree.child(parent, frames_[found_nodes_].function->address);
  }
  return frames_.back().node;
}

std::vector<std::uint64_t> CallPath::addresses() const {
  std::vector<std::uint64_t> addresses;
  for (const Frame& frame : frames_) {
    addresses.push_back(frame.function->address);
  }
  return addresses;
}

// Returns what the interrupted code did last; that takes effect now.
const Block* CallPath::leave_entry() {
  std::size_t depth = frames_.size();
  while (depth > 0 && !frames_[depth - 1].is_entry) {
    --depth;
  }
  const Block* const interrupted = depth > 0 ? frames_[depth - 1].interrupted : nullptr;
  shrink(depth > 0 ? depth - 1 : 0);
  return interrupted;
}

void CallPath::call(std::uint64_t return_address, const Block& block) {
  // Calls to a label within the function only push an address: retpolines, and sequences that fill the return
  // predictor.
  const bool is_local =
      !frames_.empty() && frames_.back().function == block.function && block.start != block.function->address;
  if (!is_local) {
    push({.function = block.function, .return_address = return_address});
  }
}

void CallPath::return_to(const Block& block) {
  for (std::size_t depth = frames_.size(); depth > 0 && !frames_[depth - 1].is_entry; --depth) {
    if (frames_[depth - 1].return_address == block.start) {
      shrink(depth - 1);
      break;
    }
  }
  // Without a match it is a jump: a retpoline's, or one into a caller that was not seen.
  jump_to(*block.function);
}

void CallPath::jump_to(const Function& function) {
  if (frames_.empty() || (frames_.back().is_entry && frames_.back().function != &function)) {
    push({.function = &function});  // an entry stays on the path, as what the rest of it belongs to
  } else if (frames_.back().function != &function) {
    frames_.back().function = &function;
    found_nodes_ = std::min(found_nodes_, frames_.size() - 1);
  }
}

void CallPath::push(const Frame& frame) {
  if (frames_.size() == kMaxDepth) {
    shrink(0);
  }
  frames_.push_back(frame);
}

void CallPath::shrink(std::size_t depth) {
  frames_.resize(depth, Frame{});
  found_nodes_ = std::min(found_nodes_, depth);
}

}  // namespace fanin::ledger
