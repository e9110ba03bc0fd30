#include "harness/selftest/selftest.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/rounds/console.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/server_under_test.h"
#include "harness/rounds/suite_run.h"
#include "harness/selftest/drift.h"
#include "harness/selftest/procedures.h"
#include "harness/selftest/selftest_file.h"
#include "harness/selftest/sessions.h"
#include "os/format.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

constexpr std::uint64_t kSimulationSeed = 1;

std::vector<Scenario> choose_scenarios(const std::vector<std::string>& names) {
  std::vector<Scenario> chosen;
  for (const Scenario& scenario : selftest_scenarios()) {
    if (names.empty() || std::find(names.begin(), names.end(), scenario.name) != names.end()) {
      chosen.push_back(scenario);
    }
  }
  return chosen;
}

int measure_sessions(const SelftestOptions& options, const std::string& out) {
  const Interrupt interrupt;
  RoundContext context = make_context("", "");
  context.interrupt_fd = interrupt.fd();
  SelftestFile file = SelftestFile::load(out);
  const std::vector<Scenario> scenarios = choose_scenarios(options.scenarios);
  try {
    for (const std::string& model : options.models) {
      SessionSource source(context, model);
      for (int i = 0; i < options.sessions; ++i) {
        source.measure_loops();  // again, since the machine's speed drifts
        for (const Scenario& scenario : scenarios) {
          file.add_session(source.hold(scenario), read_environment(context.programs));
          file.write(out);
          os::print_text(stdout, describe_last(file.sessions));
        }
      }
    }
  } catch (const Interrupted&) {
    os::print_text(stderr, fmt::format("\ninterrupted: {} has {}; the same command adds more\n", os::printable(out),
                                       os::plural(file.sessions.size(), "session")));
    return static_cast<int>(os::ExitCode::kInterrupted);
  }
  return 0;
}

int merge_sessions(const SelftestOptions& options, const std::string& out) {
  SelftestFile file = SelftestFile::load(out);
  const std::size_t before = file.sessions.size();
  for (const std::string& path : options.merge) {
    file.add_sessions(SelftestFile::load(path));
  }
  file.write(out);
  os::print_text(stdout, fmt::format("{}: {}, {} of them new\n", os::printable(out),
                                     os::plural(file.sessions.size(), "session"), file.sessions.size() - before));
  return 0;
}

int write_simulation(const std::string& out) {
  SelftestFile file = SelftestFile::load(out);  // first, so that an error does not come after a minute
  std::vector<SimulatedProcedure> procedures = session_procedures();
  for (SimulatedProcedure& each : interval_procedures()) {
    procedures.push_back(std::move(each));
  }
  file.simulation = simulate(procedures, kSimulationSeed);
  file.write(out);
  os::print_text(stdout, describe_simulation(file.simulation));
  return 0;
}

}  // namespace

int run_selftest(const SelftestOptions& options) {
  const auto out = [&](const char* preset) { return options.out.empty() ? preset : options.out; };
  if (options.drift) {
    return measure_drift(out("drift.json"), options.runs);
  }
  if (options.simulate) {
    return write_simulation(out("selftest.json"));
  }
  return options.merge.empty() ? measure_sessions(options, out("selftest.json"))
                               : merge_sessions(options, out("selftest.json"));
}

}  // namespace fanin::harness
