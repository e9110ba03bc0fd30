#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>

#include "ledger/block.h"
#include "ledger/call_path.h"
#include "ledger/cell_window.h"
#include "ledger/path_tree.h"
#include "ledger/program.h"

namespace fanin::ledger {

// Books the instructions of a guest with one CPU on programs and call paths. It is told the blocks that the guest
// executes, its task switches and its markers, each with the number of instructions executed before, and writes each
// cell to `out` when its window has closed. One thread. `out` and the blocks must outlive it.
class Ledger {
 public:
  Ledger(std::uint64_t skip, std::uint64_t count, std::ostream& out);

  // The block is about to be executed.
  void enter(const Block& block, std::uint64_t now);
  // The kernel switches to the stack of the task at an address.
  void switch_to(std::uint64_t task, std::uint64_t now);
  // The instruction of a marker is about to be executed.
  void mark(Marker marker, std::uint64_t now);
  // The guest is gone. Nothing may follow.
  void finish(std::uint64_t now);

 private:
  struct Task {
    CallPath path;
    std::optional<Program> program;  // as soon as its code has told
    bool has_user_code = false;
    bool is_ending = false;
    // What it did in this window before its program was known.
    PathTree tree;
    std::uint64_t switches = 0;
  };
  struct Account {
    PathTree tree;
    std::uint64_t switches = 0;
  };

  void book(std::uint64_t now);
  void enter_user_code(const Block& block);
  void apply(CellWindow::Change change, std::uint64_t now);
  void open(std::uint64_t now);
  void close(std::uint64_t now);
  // Moves what a task has to the account of a program.
  void settle(Task& task, Program program);
  void settle_unknown(Task& task);
  void write_cell(std::uint64_t total);

  CellWindow window_;
  std::ostream& out_;
  std::map<std::uint64_t, Task> tasks_;  // sorted, so that the output does not depend on anything else
  std::map<std::uint64_t, Task>::iterator task_;
  const Block* block_ = nullptr;
  std::uint64_t entered_ = 0;  // the block
  std::array<Account, kProgramNames.size()> accounts_;
  std::uint64_t generation_ = 1;
  bool is_open_ = false;
  std::uint64_t opened_ = 0;
  std::uint64_t booked_ = 0;  // up to here
  std::optional<std::uint64_t> check_;
};

}  // namespace fanin::ledger
