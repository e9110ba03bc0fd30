#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// One row of the difference of two kernels: a function, or several that are one to the reader, such as a function and
// the name that it has on the other kernel.
struct FunctionChange {
  std::string_view subsystem;
  std::uint64_t base = 0;  // instructions in the window of each side
  std::uint64_t now = 0;
  std::string name;                                 // of the row; one of the names below
  std::map<std::string, std::uint64_t> base_names;  // the functions of the row, and their instructions
  std::map<std::string, std::uint64_t> now_names;

  // Names with less than a tenth of the row are left out: "tcp_ack"; where the sides have other names "memset ->
  // memset+memset_orig", "pick_eevdf (new)", "ep_poll (gone)".
  std::string label() const;
};

// The paths of a cell, and its requests, for which it is scaled.
struct CountedPaths {
  const Json& paths;
  std::uint64_t requests = 0;
};

// The functions of two kernels, so that what only moved from one name to another is no change:
// - Suffixes of compilers and of the kernel's wrappers (.constprop.0, .isra.0, .part.0, .cold, _noprof, _orig) do not
//   count, and a small table has functions that were renamed.
// - A function of one side alone and one of the other side alone are one row where subsystem and instructions per
//   request are equal, they have a caller in common, and there is no second such pair.
// - A function of one side alone joins its callers where that takes away at least half of what both would show: the
//   other side has it inlined. It may also join a function that its caller calls on the other side, of the same
//   subsystem: one that was inlined into a function which ended with a jump to it has no other caller in the paths.
// Sums over the rows equal those over the paths. User code is one row a function, for all programs.
std::vector<FunctionChange> fold_functions(const CountedPaths& base, const CountedPaths& now);

// The name without suffixes, or its newer name from the table of renamed functions.
std::string canonical_name(std::string_view function);

}  // namespace fanin::harness
