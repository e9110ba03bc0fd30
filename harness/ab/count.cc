#include "harness/ab/count.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "harness/ab/ab_cells.h"
#include "harness/kernels/kernel_store.h"
#include "harness/kernels/ledger_report.h"
#include "harness/kernels/ledger_run.h"
#include "harness/kernels/timer_interrupts.h"
#include "harness/rounds/console.h"
#include "harness/rounds/server_under_test.h"
#include "harness/rounds/suite_run.h"
#include "os/format.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMargin = 50;  // requests after the window, so that the end of the run is not in it

// Guests hold fanin-server and what it needs, and nothing else of this machine.
void refuse_commands(const Side& side) {
  if (side.server && side.server->model.empty()) {
    throw std::invalid_argument(
        fmt::format("'{}' is a command line, and guests run models alone: give --count models, folders of built "
                    "programs, or options",
                    os::printable(side.text, kLongestName)));
  }
}

std::string choose_kernel(const AbOptions& options) {
  if (!options.kernel.empty()) {
    return options.kernel;
  }
  return KernelStore(kernel_cache_directory()).find_newest_cached().value_or("debian:6.12");
}

// One side of the comparison, ready to be counted.
void fill_side(LedgerSetup& setup, const Side& side, const std::vector<AbCell>& cells, Arm AbCell::*arm,
               const fs::path& folder) {
  if (!side.program.empty()) {
    setup.programs.server = side.program;
  }
  for (const AbCell& each : cells) {
    setup.cells.push_back({each.cell, (each.*arm).server});
  }
  add_guest_files(setup, folder);
}

// The setups of base and new.
std::pair<LedgerSetup, LedgerSetup> set_up_sides(const AbOptions& options, const LedgerOptions& guests) {
  std::pair<LedgerSetup, LedgerSetup> setups{begin_setup(guests), begin_setup(guests)};
  const Programs programs = setups.first.programs;
  const Catalogue catalogue = Catalogue::query(programs.server);
  const Side base = parse_side(options.base, catalogue);
  const Side now = parse_side(options.now, catalogue);
  check_sides(base, now);
  refuse_commands(base);
  refuse_commands(now);
  const std::string path = find_suite(guests.suite, programs);
  const Suite suite = parse_suite(load_json(path), path);
  const fs::path folder = fs::absolute(path).parent_path();
  check_suite_files(suite, folder);
  check_load_arguments(suite, path, programs, folder);
  for (const Side* side : {&base, &now}) {
    if (!side->server) {
      check_models(suite, path, side->program.empty() ? catalogue : Catalogue::query(side->program));
    }
  }
  std::vector<AbCell> cells = make_ab_cells(suite, guests.only, base, now);
  for (AbCell& each : cells) {
    each.cell = count_requests_of(std::move(each.cell));
  }
  check_arguments(cells, base, now, programs);
  for (const auto& [setup, side, arm] :
       {std::tuple{&setups.first, &base, &AbCell::base}, {&setups.second, &now, &AbCell::now}}) {
    setup->suite = suite;
    setup->seed = guests.seeds.empty() ? suite.seed.value_or(1) : guests.seeds.front();
    fill_side(*setup, *side, cells, arm, folder);
    find_kernels(*setup, guests);
  }
  return setups;
}

// Takes away the cells that have no counts on a side, and says why in the judgement; and the others' timer interrupts.
void exclude(Json& base, Json& now, Judgement& judgement) {
  std::set<std::string> excluded;
  for (const auto& [ledger, side] : {std::pair{&base, "base"}, {&now, "new"}}) {
    for (const Json& cell : ledger->at("cells")) {
      const auto id = cell.at("id").get<std::string>();
      const auto status = cell.at("status").get<std::string>();
      if (status == "ok" || !excluded.insert(id).second) {
        continue;
      }
      const std::string reason = fmt::format("{}: {}", side, cell.at("reason").get<std::string>());
      if (status == "unsupported") {
        judgement.notes.push_back(fmt::format("{}: not counted: {}", id, reason));
      } else {
        judgement.faults.push_back({id, status, reason});
      }
    }
  }
  for (Json* ledger : {&base, &now}) {
    Json& cells = ledger->at("cells");
    for (std::size_t i = cells.size(); i-- > 0;) {
      if (excluded.contains(cells[i].at("id").get<std::string>())) {
        cells.erase(i);
      } else {
        exclude_timer_interrupts(cells[i]);
      }
    }
  }
}

// Options that no request uses move it by less than half of this: another program shifts the guest's interrupts, and
// with them the paths of the scheduler.
constexpr double kTotalBand = 0.01;

// By function, of the server's user code.
std::map<std::string, double> count_server_user(const Json& cell) {
  std::map<std::string, double> counts;
  for (const Json& row : cell.at("functions")) {
    if (row.at("program") == "server" && row.at("context") == "user") {
      counts[row.at("name").get<std::string>()] +=
          row.at("instructions").get<double>() / cell.at("requests").get<double>();
    }
  }
  return counts;
}

double count_server_switches(const Json& cell) {
  return cell.at("switches").at("server").get<double>() / cell.at("requests").get<double>();
}

// A server that sleeps another number of times executes its own code for each wait another number of times. A small
// change of it then says nothing about the program.
void doubt_other_order(MetricVerdict& metric, double switches) {
  constexpr double kSameOrder = 0.02;  // per request; timer ticks and kernel threads are fewer
  if (std::abs(switches) < kSameOrder || metric.base == metric.now ||
      judge_ratio(metric.ratio->interval, kTotalBand, false) != Verdict::kEquivalent) {
    return;
  }
  metric.verdict = Verdict::kUndecided;
  metric.add_reason(fmt::format(
      "the server's own instructions are undecided, since the programs are scheduled in a different order ({:+.3f} "
      "switches per request): try another --seed",
      switches));
}

MetricVerdict judge_server_user(const MetricVerdict& total, const UserChange& user, double band) {
  MetricVerdict metric = total;
  metric.metric = std::string(kServerUserInstructions);
  metric.band = band;
  metric.base = user.base;
  metric.now = user.base + user.change;
  const double ratio = user.base > 0 ? 1 + user.change / user.base : 1;
  metric.ratio = RatioEstimate{ratio, statistics::Interval{ratio, ratio, 1}};
  metric.verdict = judge_ratio(metric.ratio->interval, band, false);
  metric.log_ratios = {std::log(ratio)};
  return metric;
}

}  // namespace

Cell count_requests_of(Cell cell) {
  if (!cell.workload.counts_requests()) {
    const LedgerWindow window;
    cell.workload = cell.workload.with("requests", window.skip + window.count + kMargin);
    cell.warmup = {};
  }
  return cell;
}

UserChange compare_server_user(const Json& base, const Json& now) {
  const std::map<std::string, double> was = count_server_user(base);
  std::map<std::string, double> changes = count_server_user(now);
  UserChange user;
  for (const auto& [function, count] : was) {
    user.base += count;
    changes[function] -= count;
  }
  for (const auto& [function, change] : changes) {
    user.change += std::round(change);
  }
  return user;
}

LedgerComparison compare_counts(const Json& base, const Json& now, const AbOptions& options) {
  Json was = base;
  Json is = now;
  Judgement excluded;
  exclude(was, is, excluded);
  LedgerComparison comparison = compare_ledgers(
      was, &is,
      {.base = {options.base},
       .now = {options.now},
       .metrics = options.metrics,
       .bands = {fmt::format("{}", find_band(std::string(kInstructionsPerRequest), options.bands, kTotalBand))},
       .strict = options.strict});
  Judgement& judgement = comparison.judgement;
  judgement.kind = "ab";
  judgement.procedure.method =
      "instructions are counted: of the server's user code one decides, of all of them a change beyond the band";
  judgement.procedure.false_alarms =
      "none with the same programs, whose counts are the same to the last digit; other programs shift interrupts and "
      "switches, for which all instructions have their band";
  judgement.faults.insert(judgement.faults.end(), excluded.faults.begin(), excluded.faults.end());
  judgement.notes.insert(judgement.notes.end(), excluded.notes.begin(), excluded.notes.end());
  std::vector<MetricVerdict> metrics;
  for (const MetricVerdict& metric : judgement.metrics) {
    const auto find = [&](const Json& ledger) -> const Json& {
      const Json& cells = ledger.at("cells");
      return *std::find_if(cells.begin(), cells.end(), [&](const Json& cell) { return cell.at("id") == metric.cell; });
    };
    MetricVerdict own = judge_server_user(metric, compare_server_user(find(was), find(is)),
                                          find_band(std::string(kServerUserInstructions), options.bands, 0));
    doubt_other_order(own, count_server_switches(find(is)) - count_server_switches(find(was)));
    if (!own.reason.empty()) {
      judgement.notes.push_back(fmt::format("{}: {}", own.cell, own.reason));
    }
    metrics.push_back(std::move(own));
    metrics.push_back(metric);
  }
  judgement.metrics = std::move(metrics);
  return comparison;
}

std::string describe_counts(const LedgerComparison& comparison) {
  const Judgement& judgement = comparison.judgement;
  constexpr std::string_view kHeading = "instructions per request";
  constexpr std::string_view kUser = ", server's own";
  std::size_t width = kHeading.size();
  for (const MetricVerdict& metric : judgement.metrics) {
    width = std::max(width, metric.cell.size() + kUser.size());
  }
  std::string text =
      fmt::format("base {}, new {}\n{:<{}}  {:>12}  {:>12}  {:>12}  verdict\n", os::printable(judgement.base),
                  os::printable(judgement.now), kHeading, width, "base", "new", "difference");
  for (const MetricVerdict& metric : judgement.metrics) {
    const double change = *metric.now - *metric.base;
    const std::string name = metric.cell + std::string(metric.metric == kServerUserInstructions ? kUser : ", all");
    text += fmt::format("{:<{}}  {:>12}  {:>12}  {:>12}  {}\n", name, width, format_instructions(*metric.base),
                        format_instructions(*metric.now), format_instruction_change(change),
                        change == 0 ? "equal" : outcome_name(metric));
  }
  text +=
      "The server's own instructions are those of its user code; the change of each function is rounded to the nearest "
      "instruction. Timer interrupts are left out.\n";
  for (const CellDifference& difference : comparison.differences) {
    text += "\n" + describe_cell_difference(difference);
  }
  for (const CellFault& fault : judgement.faults) {
    text += fmt::format("\n{}: {}: {}", fault.cell, fault.status, os::printable(fault.reason));
  }
  for (const std::string& note : judgement.notes) {
    text += "\n" + os::printable(note);
  }
  return fmt::format("{}\n{}\n{}\n", text, kNotTime, describe_result(judgement));
}

int run_count(const AbOptions& options) {
  const Interrupt interrupt;
  find_band(std::string(kInstructionsPerRequest), options.bands, kTotalBand);  // refuses a wrong one before the guests
  const LedgerOptions guests{.kernels = {choose_kernel(options)},
                             .suite = options.suite.empty() ? "count" : options.suite,
                             .only = options.only,
                             .seeds = options.seed ? std::vector{*options.seed} : std::vector<std::uint64_t>{},
                             .load_binary = options.load_binary};
  auto [base, now] = set_up_sides(options, guests);
  const auto file = os::open_result_file(options.json_path, "--json", {options.base, options.now, guests.suite});
  os::print_text(stderr,
                 fmt::format("base {}, new {}: {} on {}\n", os::printable(options.base), os::printable(options.now),
                             os::plural(base.cells.size(), "cell"), os::printable(base.names.front())));
  const auto [was, was_interrupted] = count_cells(std::move(base), guests, interrupt.fd());
  const auto [is, is_interrupted] =
      was_interrupted ? CountedCells{was, true} : count_cells(std::move(now), guests, interrupt.fd());
  if (is_interrupted) {
    os::print_text(stderr, "\ninterrupted: nothing was compared, start again\n");
    return static_cast<int>(ExitCode::kInterrupted);
  }
  const LedgerComparison comparison = compare_counts(was, is, options);
  const Judgement& judgement = comparison.judgement;
  os::print_text(stdout, describe_counts(comparison));
  if (file) {
    Json document = judgement_to_json(judgement);
    document["environment"] = was.at("environment");
    file->write(to_text(document));
  }
  const ExitCode code = judgement.exit_code();
  return options.bisect ? exit_code_for_bisect(code) : static_cast<int>(code);
}

}  // namespace fanin::harness
