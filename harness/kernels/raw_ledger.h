#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace fanin::harness {

// Whose task executed an instruction. `kKernel`: a task without user code, such as a kernel thread or the idle task.
enum class Program { kServer, kGenerator, kKernel, kInit };
inline constexpr std::array<std::string_view, 4> kProgramNames = {"server", "generator", "kernel", "init"};

// Throws std::out_of_range for a value that is none.
inline std::string_view program_name(Program program) { return kProgramNames.at(static_cast<std::size_t>(program)); }

// A node of the tree of calls: a kernel function under its callers, or a block of user code, which has no parent.
struct RawNode {
  std::int64_t parent = -1;  // index of a node that comes earlier; -1: none
  Program program = Program::kKernel;
  bool user = false;
  std::uint64_t address = 0;  // kernel: where the function begins; user: where the block begins
  std::uint64_t count = 0;    // instructions of its own, without its children
};

// What was counted between the first and the last request of one cell's window.
struct RawCell {
  std::size_t index = 0;                      // in the plan of the boot
  std::uint64_t requests = 0;                 // replies in the window; less than asked for: the cell ended too soon
  std::uint64_t total = 0;                    // instructions by the one counter; equals the sum over the nodes
  std::map<Program, std::uint64_t> switches;  // context switches to tasks of each program
  std::vector<RawNode> nodes;
};

// The output of the plugin fanin-ledger for one boot. A value.
struct RawLedger {
  std::optional<std::uint64_t> check;  // instructions of the self-check; none: the guest did not get that far
  std::vector<RawCell> cells;          // by ascending index
};

// Throws std::runtime_error, one line that names the line of the text, where it is truncated or corrupt, and where the
// nodes of a cell do not add up to its total.
RawLedger parse_raw_ledger(std::string_view text);

}  // namespace fanin::harness
