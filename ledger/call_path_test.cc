#include "ledger/call_path.h"

#include <gtest/gtest.h>

#include <deque>

namespace fanin::ledger {
namespace {

using Addresses = std::vector<std::uint64_t>;

constexpr std::uint64_t kKernel = 0xffffffff81000000;

// Functions of 0x100 bytes.
struct Functions {
  Function entry{.address = kKernel, .is_entry = true};
  Function after_entry{.address = kKernel + 0x100};
  Function f{.address = kKernel + 0x200};
  Function g{.address = kKernel + 0x300};
  Function h{.address = kKernel + 0x400};
  Function thunk{.address = kKernel + 0x500};
  Function interrupt{.address = kKernel + 0x600, .is_entry = true};
  Function stub{.address = kKernel + 0x700, .is_entry = true, .is_stub = true};
};

class CallPathTest : public testing::Test {
 protected:
  // Executes a block of `size` bytes at an offset of a function; the next block is reached by `exit`.
  void run(const Function& function, std::uint64_t offset, Exit exit = Exit::kNone, std::uint64_t size = 0x10) {
    const std::uint64_t start = function.address + offset;
    execute({.start = start, .end = start + size, .instructions = 1, .exit = exit, .function = &function});
  }
  void run_user_code() { execute({.start = 0x401000, .end = 0x401010, .instructions = 1}); }
  // An exception left the last block.
  void break_off() { previous_ = nullptr; }

  Addresses path() const { return path_.addresses(); }
  // A system call: entry, label behind it, f.
  void enter_f() {
    run_user_code();
    run(functions_.entry, 0);
    run(functions_.after_entry, 0, Exit::kCall);
    run(functions_.f, 0);
  }
  Addresses with(std::initializer_list<const Function*> more) const {
    Addresses all{functions_.entry.address, functions_.after_entry.address, functions_.f.address};
    for (const Function* each : more) {
      all.push_back(each->address);
    }
    return all;
  }

  Functions functions_;
  CallPath path_;

 private:
  void execute(const Block& block) {
    blocks_.push_back(block);
    path_.follow(previous_, blocks_.back());
    previous_ = &blocks_.back();
  }

  std::deque<Block> blocks_;
  const Block* previous_ = nullptr;
};

// Would catch: the entry lost to a label behind it, by which system calls are told from interrupts.
TEST_F(CallPathTest, AnEntryStaysOnThePath) {
  enter_f();
  EXPECT_EQ(path(), with({}));
}

// Would catch: frames of the last system call below those of the next.
TEST_F(CallPathTest, UserCodeHasNoPath) {
  enter_f();
  run_user_code();
  EXPECT_EQ(path(), Addresses{});
}

// Would catch: a return that leaves the callee on the path, or takes the caller off.
TEST_F(CallPathTest, AReturnGoesToTheCaller) {
  enter_f();
  run(functions_.f, 0x10, Exit::kCall);
  run(functions_.g, 0);
  EXPECT_EQ(path(), with({&functions_.g}));
  run(functions_.g, 0x10, Exit::kReturn);
  run(functions_.f, 0x20);
  EXPECT_EQ(path(), with({}));
}

// Would catch: recursion folded into one frame, whose first return then leaves the function altogether.
TEST_F(CallPathTest, RecursionIsFollowed) {
  enter_f();
  run(functions_.f, 0x10, Exit::kCall);
  run(functions_.f, 0, Exit::kCall);
  run(functions_.g, 0, Exit::kReturn);
  EXPECT_EQ(path(), with({&functions_.f, &functions_.g}));
  run(functions_.f, 0x10, Exit::kReturn);
  EXPECT_EQ(path(), with({&functions_.f}));
  run(functions_.f, 0x20);
  EXPECT_EQ(path(), with({}));
}

// Would catch: a tail call that appears below its caller, or whose return is not matched.
TEST_F(CallPathTest, ATailCallReplacesItsCaller) {
  enter_f();
  run(functions_.f, 0x10, Exit::kCall);
  run(functions_.g, 0);
  run(functions_.h, 0, Exit::kReturn);
  EXPECT_EQ(path(), with({&functions_.h}));
  run(functions_.f, 0x20);
  EXPECT_EQ(path(), with({}));
}

// Would catch: a function called through a retpoline that appears below the thunk, or not at all. The thunk calls a
// label of its own, overwrites the return address, and returns to the function.
TEST_F(CallPathTest, ARetpolineIsACallOfItsTarget) {
  enter_f();
  run(functions_.f, 0x10, Exit::kCall);
  run(functions_.thunk, 0, Exit::kCall);
  run(functions_.thunk, 0x20, Exit::kReturn);
  EXPECT_EQ(path(), with({&functions_.thunk}));
  run(functions_.h, 0);
  EXPECT_EQ(path(), with({&functions_.h}));
  run(functions_.h, 0x10, Exit::kReturn);
  run(functions_.f, 0x20);
  EXPECT_EQ(path(), with({}));
}

// Would catch: returns into the middle of a function that was not seen to call, which leave junk on the path.
TEST_F(CallPathTest, AnUnknownCallerReplacesTheFunction) {
  run(functions_.g, 0x10, Exit::kReturn);
  run(functions_.f, 0x30);
  EXPECT_EQ(path(), Addresses{functions_.f.address});
}

// Would catch: an interrupt between a call and its callee that loses the call.
TEST_F(CallPathTest, AnInterruptLeavesNoTrace) {
  enter_f();
  run(functions_.f, 0x10, Exit::kCall);
  run(functions_.interrupt, 0, Exit::kCall);
  run(functions_.h, 0, Exit::kReturn);
  EXPECT_EQ(path(), with({&functions_.interrupt, &functions_.h}));
  run(functions_.interrupt, 0x10, Exit::kInterruptReturn);
  run(functions_.g, 0, Exit::kReturn);
  EXPECT_EQ(path(), with({&functions_.g}));
  run(functions_.f, 0x20);
  EXPECT_EQ(path(), with({}));
}

// Would catch: the call at the end of a block that a page fault left, made although it was not executed.
TEST_F(CallPathTest, ABlockThatWasLeftDoesNotCall) {
  enter_f();
  run(functions_.f, 0x10, Exit::kCall);
  break_off();
  run(functions_.interrupt, 0, Exit::kInterruptReturn);
  run(functions_.f, 0x18, Exit::kCall);
  EXPECT_EQ(path(), with({}));
  run(functions_.g, 0);
  EXPECT_EQ(path(), with({&functions_.g}));
}

// Would catch: the return of an interrupted function found in the code that was interrupted.
TEST_F(CallPathTest, AReturnDoesNotCrossAnEntry) {
  enter_f();
  run(functions_.f, 0x10, Exit::kCall);
  run(functions_.g, 0);
  run(functions_.interrupt, 0, Exit::kCall);
  run(functions_.h, 0, Exit::kReturn);
  run(functions_.f, 0x20);  // the return address of g
  EXPECT_EQ(path(), with({&functions_.g, &functions_.interrupt, &functions_.f}));
}

// Would catch: device interrupts, which begin anywhere in a table of stubs, missed; or as two entries, of which the
// interrupt return takes off one.
TEST_F(CallPathTest, AStubAndWhatItJumpsToAreOneEntry) {
  enter_f();
  run(functions_.stub, 0x8);
  run(functions_.stub, 0x18);
  run(functions_.interrupt, 0, Exit::kInterruptReturn);
  EXPECT_EQ(path(), with({&functions_.stub, &functions_.interrupt}));
  run(functions_.f, 0x10);
  EXPECT_EQ(path(), with({}));
}

// Would catch: code that serialises the processor, by an interrupt return to itself, taken for the end of an interrupt.
TEST_F(CallPathTest, AnInterruptReturnToTheNextInstructionLeavesNothing) {
  enter_f();
  run(functions_.f, 0x10, Exit::kInterruptReturn);
  run(functions_.f, 0x20);
  EXPECT_EQ(path(), with({}));
}

// Would catch: a kernel thread whose path grows with every call that is not returned from, without end.
TEST_F(CallPathTest, ThePathIsBounded) {
  for (int i = 0; i < 5000; ++i) {
    run(functions_.f, 0, Exit::kCall);
  }
  EXPECT_LE(path().size(), 512U);
}

// Would catch: nodes of another window's tree, or of functions that a return or a tail call has left.
TEST_F(CallPathTest, NodesFollowThePath) {
  PathTree tree;
  enter_f();
  const auto node_of_f = path_.node(tree, 1);
  EXPECT_EQ(tree.nodes()[node_of_f].address, functions_.f.address);
  run(functions_.f, 0x10, Exit::kCall);
  run(functions_.g, 0);
  const auto node_of_g = path_.node(tree, 1);
  EXPECT_EQ(tree.nodes()[node_of_g].parent, node_of_f);
  run(functions_.h, 0, Exit::kReturn);
  const auto node_of_h = path_.node(tree, 1);
  EXPECT_EQ(tree.nodes()[node_of_h].address, functions_.h.address);
  EXPECT_EQ(tree.nodes()[node_of_h].parent, node_of_f);
  run(functions_.f, 0x20);
  EXPECT_EQ(path_.node(tree, 1), node_of_f);
  PathTree next;
  EXPECT_EQ(path_.node(next, 2), 2U);
  EXPECT_EQ(next.nodes().size(), 3U);
}

}  // namespace
}  // namespace fanin::ledger
