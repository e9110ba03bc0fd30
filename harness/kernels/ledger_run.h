#pragma once

#include "harness/kernels/ledger_setup.h"

namespace fanin::harness {

struct CountedCells {
  Json document;             // as results/schema/ledger.schema.json says
  bool interrupted = false;  // by the user: cells that were not counted have failed, and seeds are missing
};

// Boots each kernel once for each cell, so that a cell's count does not depend on the other cells. Throws
// std::system_error if this machine lacks a resource.
CountedCells count_cells(LedgerSetup setup, const LedgerOptions& options, int interrupt_fd);

// `fanin kernels`: counts the cells and writes ledger.json and a table. Returns the exit code: 0 done, 4 nothing was
// counted, 5 a cell failed, 130 the user interrupted it. Throws as set_up_ledger() does.
int run_ledger(const LedgerOptions& options);

}  // namespace fanin::harness
