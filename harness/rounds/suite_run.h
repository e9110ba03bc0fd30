#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/rounds/programs.h"
#include "harness/rounds/round.h"
#include "harness/rounds/run_directory.h"
#include "harness/rounds/run_record.h"

namespace fanin::harness {

struct RunOptions {
  std::string suite;    // a shipped suite's name or a path; empty with `resume`
  std::string out;      // run directory; empty: results/RUN_ID
  std::string resume;   // directory of an interrupted run
  int repetitions = 0;  // 0: the suite's
  std::optional<std::uint64_t> seed;
  std::string only = "*";  // as for make_cells()
  std::string server_binary;
  std::string load_binary;
};

// A run that is about to begin or to go on: everything checked, the run directory made, nothing measured yet.
struct SuiteRun {
  std::string directory;
  RunLock lock;  // on that directory
  RoundContext context;
  std::vector<int> allowed_cpus;  // of the harness, before it settles on the client's
  Catalogue catalogue;
  RunRecord record;
};

// Throws std::invalid_argument for what the user can mend (suite, options, missing programs), std::system_error where
// the directory cannot be written.
SuiteRun begin_run(const RunOptions& options);

// Takes up an interrupted run: the same suite, seed, order and cells. Refuses (std::invalid_argument) where the run is
// complete or the machine, the placement or a program is not the same any more.
SuiteRun resume_run(const RunOptions& options);

// The path of a suite that is given by name or path.
std::string find_suite(const std::string& name, const Programs& programs);

// `fanin run`: conformance, then block after block, then run.json and a table. Returns the exit code: 0 done, 1 where a
// cell failed or nothing could be measured, 130 where the user interrupted it. Throws as begin_run() and
// resume_run() do, and std::runtime_error where results cannot be written any more.
int run_suite(const RunOptions& options);

}  // namespace fanin::harness
