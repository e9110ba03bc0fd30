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
  Globs only;  // as for make_cells()
  std::string server_binary;
  std::string load_binary;
  bool prints_table = true;  // of the results, at the end
};

// A run that is new or resumed: everything is checked, the run directory exists, nothing is measured yet.
struct SuiteRun {
  std::string directory;
  RunLock lock;  // on that directory
  RoundContext context;
  std::vector<int> allowed_cpus;  // of the harness, before it is bound to the client's
  std::string machine_busy;       // why other programs keep the machine busy; empty: they do not
  Catalogue catalogue;
  RunRecord record;
};

// Throws std::invalid_argument for errors of the user (suite, options, missing programs), std::system_error if the
// directory cannot be written.
SuiteRun begin_run(const RunOptions& options);

// Resumes an interrupted run with the same suite, seed, order and cells. Throws std::invalid_argument if the run is
// complete, or if the machine, the placement or a program has changed.
SuiteRun resume_run(const RunOptions& options);

// The programs, empty ones being those next to fanin, and the CPUs of server and client. Throws std::invalid_argument
// if a program is missing or is another one.
RoundContext make_context(const std::string& server_binary, const std::string& load_binary);

// The names of the shipped suites, sorted.
std::vector<std::string> list_suites(const Programs& programs);

// The path of a suite that is given by name or path.
std::string find_suite(const std::string& name, const Programs& programs);

// `fanin run`: checks conformance, measures block after block, writes run.json and prints a table. Returns the exit
// code: 0 done, 1 if a cell failed or no cell was measured, 130 if the user interrupted it. Throws as begin_run() and
// resume_run() do, and std::runtime_error if results cannot be written.
int run_suite(const RunOptions& options);

}  // namespace fanin::harness
