#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/kernels/ledger_difference.h"
#include "harness/verdict/compare.h"
#include "harness/verdict/verdict.h"

namespace fanin::harness {

// Two ledgers, or one with itself, kernel by kernel.
struct LedgerComparison {
  Judgement judgement;                      // one comparison for each cell and pair of kernels
  std::vector<std::string> heads;           // of each pair: "6.12 compared with 6.1", and the configuration
  std::vector<CellDifference> differences;  // in the order of the comparisons
  std::string seeds;                        // what describe_seeds() says of base
};

// The pairs of kernels that are compared, base first: of one ledger (`now` is null) the first with each other one; of
// two those of the same name, or, if each ledger has one kernel, these two. Throws std::invalid_argument if there is no
// pair.
std::vector<std::pair<std::string, std::string>> pair_kernels(const Json& base, const Json* now);

// Takes documents that check_ledger() has accepted. Counts are exact: without a band any difference is better or worse,
// and nothing is undecided. Throws std::invalid_argument for options that do not fit counts.
LedgerComparison compare_ledgers(const Json& base, const Json* now, const CompareOptions& options);

// What changed in each cell, and where; cells that have no counts; the verdict, and kNotTime.
std::string describe_ledger_comparison(const LedgerComparison& comparison);

// Whether the arguments of `fanin compare` are ledgers. Throws std::invalid_argument where only some are.
bool are_ledgers(const CompareOptions& options);

// `fanin compare` for ledgers: reads them, prints what changed and where, and the verdict. Returns the exit code.
// Throws std::invalid_argument for errors of the user.
int run_compare_ledgers(const CompareOptions& options);

}  // namespace fanin::harness
