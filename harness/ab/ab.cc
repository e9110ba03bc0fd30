#include "harness/ab/ab.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "harness/ab/ab_cells.h"
#include "harness/ab/false_alarms.h"
#include "harness/ab/session.h"
#include "harness/ab/side.h"
#include "harness/analysis/summary.h"
#include "harness/machine/machine.h"
#include "harness/rounds/console.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/monitor.h"
#include "harness/rounds/run_directory.h"
#include "harness/rounds/suite_run.h"
#include "net/affinity.h"
#include "net/clock.h"
#include "net/socket.h"
#include "os/format.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::harness {
namespace {

constexpr net::Nanoseconds kShortestSession = std::chrono::seconds(1);

// Removes the cells that this machine or a side cannot measure. Returns a note for each.
std::vector<std::string> exclude_unsupported(std::vector<AbCell>& cells, const Side& base, const Side& now,
                                             const RoundContext& context, const std::string& path, const Suite& suite) {
  net::raise_descriptor_limit();
  const MachineLimits limits = read_machine_limits();
  std::map<std::string, Catalogue> catalogues;  // by program
  for (const Side* side : {&base, &now}) {
    const std::string& program = side->program.empty() ? context.programs.server : side->program;
    const Catalogue& catalogue = catalogues.try_emplace(side->program, Catalogue::query(program)).first->second;
    if (!side->server) {
      check_models(suite, path, catalogue);
    }
  }
  std::vector<std::string> notes;
  std::erase_if(cells, [&](const AbCell& cell) {
    for (const Arm* arm : {&cell.base, &cell.now}) {
      const std::string reason = unsupported_reason(cell.cell, arm->server, catalogues.at(arm->program), limits);
      if (!reason.empty()) {
        notes.push_back(fmt::format("{}: not measured: {}", cell.cell.id, reason));
        return true;
      }
    }
    return false;
  });
  if (cells.empty()) {
    throw std::invalid_argument(fmt::format("{}: no cell can be measured here: {}", path, notes.front()));
  }
  return notes;
}

void announce(const std::vector<AbCell>& cells, const AbOptions& options) {
  const SessionPlan plan = plan_session(options.budget, cells.size());
  os::print_text(stderr, fmt::format("base {}, new {}: {}, at most {} of {} each, in {}\n", os::printable(options.base),
                                     os::printable(options.now), os::plural(cells.size(), "cell"),
                                     os::plural(plan.max_units, "unit"), net::format_duration(plan.window),
                                     net::format_duration(options.budget)));
}

}  // namespace

int run_ab(const AbOptions& options) {
  if (options.budget < kShortestSession) {
    throw std::invalid_argument(fmt::format("--budget {}: must be at least {}", net::format_duration(options.budget),
                                            net::format_duration(kShortestSession)));
  }
  const Interrupt interrupt;
  RoundContext context = make_context("", options.load_binary);
  context.interrupt_fd = interrupt.fd();
  const Catalogue catalogue = Catalogue::query(context.programs.server);
  const Side base = parse_side(options.base, catalogue);
  const Side now = parse_side(options.now, catalogue);
  check_sides(base, now);
  const std::string path = find_suite(options.suite.empty() ? "ab" : options.suite, context.programs);
  const Suite suite = parse_suite(load_json(path), path);
  context.directory = std::filesystem::absolute(path).parent_path();
  check_suite_files(suite, context.directory);
  std::vector<AbCell> cells = make_ab_cells(suite, options.only, base, now);
  for (const AbCell& cell : cells) {
    choose_metrics(cell.cell, options);  // refuses a wrong metric or band before anything is measured
  }
  std::vector<std::string> notes = exclude_unsupported(cells, base, now, context, path, suite);
  check_arguments(cells, base, now, context.programs);
  const auto file = os::open_result_file(options.json_path, "--json", {options.base, options.now, path});
  announce(cells, options);
  Judgement judgement = hold_session(context, std::move(cells), options);
  const Json environment = read_environment(context.programs);
  judgement.procedure.false_alarms =
      describe_false_alarms((context.programs.data() / "results/selftest/selftest.json").string(), environment);
  judgement.notes.insert(judgement.notes.begin(), notes.begin(), notes.end());
  os::print_text(stdout, (::isatty(STDERR_FILENO) == 1 ? "\n" : "") + describe_judgement(judgement));
  if (file) {
    Json document = judgement_to_json(judgement);
    document["environment"] = environment;
    file->write(to_text(document));
  }
  const ExitCode code = judgement.exit_code();
  return options.bisect ? exit_code_for_bisect(code) : static_cast<int>(code);
}

}  // namespace fanin::harness
