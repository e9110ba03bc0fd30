#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/kernels/folding.h"

namespace fanin::harness {

// Instructions of something in the windows of both sides.
struct CountChange {
  std::string name;  // "server syscall", or a subsystem
  std::uint64_t base = 0;
  std::uint64_t now = 0;
};

// One cell on two kernels, or in two ledgers. Counts are exact: any difference is real.
struct CellDifference {
  std::string cell;
  std::string base_kernel;
  std::string now_kernel;
  std::uint64_t base_requests = 1;
  std::uint64_t now_requests = 1;
  CountChange total;
  std::vector<CountChange> parts;         // by program and context
  std::vector<CountChange> subsystems;    // in the order of kSubsystems
  std::vector<CountChange> switches;      // to tasks of each program
  std::vector<FunctionChange> functions;  // folded, the largest change first

  double per_request_of_base(std::uint64_t count) const;
  double per_request_of_now(std::uint64_t count) const;
  // Per request. Exactly 0 where nothing changed, and of the sign of the change where something did.
  double change(std::uint64_t base, std::uint64_t now) const;
};

// Takes two cells with status "ok" of documents that check_ledger() has accepted. Sums over parts, subsystems and
// functions equal the total, on each side.
CellDifference compare_ledger_cells(const Json& base, const Json& now);

// The options of two kernels' configurations that differ, those that can change what a request costs first ("matter"),
// each "CONFIG_X: y -> unset"; `others` counts the rest.
struct ConfigDifference {
  std::vector<std::string> matter;
  std::size_t others = 0;
};
ConfigDifference compare_configs(const Json& base, const Json& now);

// "differences" of a ledger: each later kernel compared with the first one, its configuration and the cells that both
// counted. Takes the "kernels" and "cells" of the document.
Json make_differences(const Json& kernels, const Json& cells);

}  // namespace fanin::harness
