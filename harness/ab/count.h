#pragma once

#include <string>

#include "harness/ab/ab.h"
#include "harness/json/json_reader.h"
#include "harness/kernels/ledger_compare.h"
#include "harness/suite/plan.h"

namespace fanin::harness {

// The cell so that it ends by a number of requests, as many as the window of a ledger needs: in a guest a duration is
// a number of instructions. A cell that counts its requests keeps them.
Cell count_requests_of(Cell cell);

// The change of the server's user code from base to new, in instructions per request: of each function to the nearest
// instruction, since at both ends of the window a request is under way. Nothing of the kernel: the same code takes
// other paths there when interrupts fall elsewhere. Takes cells with status "ok".
struct UserChange {
  double base = 0;  // as counted
  double change = 0;
};
UserChange compare_server_user(const Json& base, const Json& now);

// Two ledgers of the same cells and kernel, of base and new. Each cell has two verdicts: of the server's user code,
// where without a band one instruction decides, and of all instructions, where 0.1 % pass. A cell that a side does not
// support is a note, and one that failed on either side is a fault.
LedgerComparison compare_counts(const Json& base, const Json& now, const AbOptions& options);

// A line for each verdict, and what the differences are made of.
std::string describe_counts(const LedgerComparison& comparison);

// `fanin ab --count`: counts the instructions of both sides' cells in guests with the same kernel, files at the same
// paths, and the same generator. Prints the differences and verdicts. Returns the exit code. Throws
// std::invalid_argument for errors of the user.
int run_count(const AbOptions& options);

}  // namespace fanin::harness
