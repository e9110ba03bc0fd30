#pragma once

#include <string>
#include <vector>

#include "harness/guest/guest_plan.h"
#include "harness/json/json_reader.h"
#include "harness/kernels/guest_boot.h"
#include "harness/kernels/ledger_setup.h"
#include "os/program.h"

namespace fanin::harness {

// What the guest of a boot does: `fanin run` with the suite. The seed of its load depends on the boot, which counts
// from 0, and not on the kernel.
guest::GuestPlan make_run_plan(const LedgerSetup& setup, const LedgerOptions& options, int boot);

// The run.json of a boot. Throws std::runtime_error with the reason if there is none, std::invalid_argument naming
// `file` if it is no valid run.
Json take_run(const BootResult& boot, const std::string& file);

// Of the runs of all boots: kFailed if one is missing, or a cell of one failed or is invalid; kUndecided if none has a
// cell that was measured.
os::ExitCode judge_runs(const std::vector<Json>& runs, std::size_t boots);

// `fanin kernels --time`: boots each kernel several times under KVM, in blocks in random order, and has each guest
// measure the suite. Writes DIR/KERNEL/boot-N/run.json and prints each later kernel compared with the first. Returns
// the exit code: 0 done, 4 nothing was measured, 5 a boot or a cell failed, 130 the user interrupted it. Throws
// std::invalid_argument as set_up_ledger() and find_kernels() do, and if the first kernel does not boot under KVM.
int run_timed(const LedgerOptions& options);

}  // namespace fanin::harness
