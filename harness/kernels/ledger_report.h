#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/kernels/ledger_difference.h"

namespace fanin::harness {

// What every text, chart and page about a ledger says once.
inline constexpr std::string_view kNotTime =
    "Instructions are not time: an emulator counted them, which has no caches, no pipeline and no second CPU.";

// Instructions per request of each cell, a column for each kernel; and why cells have none.
std::string describe_ledger_table(const Json& ledger);

// The change of one cell: total, programs and contexts, subsystems, and the `functions` that changed most.
std::string describe_cell_difference(const CellDifference& difference, std::size_t functions = 10);

// The differences of two kernels' configurations that can change what a request costs, and how many others there are.
std::string describe_config_difference(const ConfigDifference& difference);

// How far counts of other seeds are from those of the ledger, and the cells in which the programs are scheduled in a
// different order with some seed; empty without other seeds.
std::string describe_seeds(const Json& ledger);

// The table and other seeds, then each later kernel compared with the first: its configuration, and the change of each
// cell; and kNotTime. Takes a document that check_ledger() has accepted.
std::string describe_ledger(const Json& ledger);

// "1,325.9", "+0.002" with a sign: three significant digits at least.
std::string format_instructions(double per_request);
std::string format_instruction_change(double per_request);

}  // namespace fanin::harness
