#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/kernels/guest_boot.h"
#include "harness/kernels/guest_cells.h"
#include "harness/kernels/raw_ledger.h"
#include "harness/suite/plan.h"

namespace fanin::harness {

// The requests of a cell that are counted: `count` of them, after `skip` others.
struct LedgerWindow {
  std::uint64_t skip = 200;
  std::uint64_t count = 500;
};

// Parts of the document fanin-ledger (results/schema/ledger.schema.json).

// The options that a kernel's configuration sets: {"CONFIG_HZ": "250"}.
Json parse_kernel_config(const std::string& text);

// What cells call each kernel: its release, with a number where two would have the same.
std::vector<std::string> name_kernels(const std::vector<Kernel>& kernels);

Json make_kernel_entry(const Kernel& kernel, const std::string& name, const std::string& command_line);

// A cell without figures. `status`: "failed" or "unsupported"; the reason is not empty.
Json make_cell_entry(const Cell& cell, const std::string& kernel, const std::string& status, const std::string& reason);

// "32,245 instructions per request", or status and reason.
std::string describe_cell_entry(const Json& cell);

}  // namespace fanin::harness
