// Subcommands with verdicts.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/ab/ab.h"
#include "harness/ab/count.h"
#include "harness/claims/claims_command.h"
#include "harness/commands.h"
#include "harness/kernels/ledger_compare.h"
#include "harness/selftest/selftest.h"
#include "harness/selftest/session_records.h"
#include "harness/verdict/compare.h"
#include "os/command_line.h"

namespace fanin::harness {
namespace {

// The options that every command with verdicts has.
void add_verdict_options(CLI::App& command, bool& strict, bool& bisect, std::string& json_path) {
  command.add_flag("--strict", strict, "exit code 4 if any comparison is undecided");
  command.add_flag("--bisect", bisect, "for git bisect run: 125 in place of 3, 4 and 5");
  add_text(command, "--json", json_path, "FILE", "write the verdicts as JSON to this file");
}

// What is compared, and which changes matter. Each value has its own option, so BASE and NEW may follow.
void add_metric_options(CLI::App& command, std::vector<std::string>& metrics, const std::string& default_metrics,
                        std::vector<std::string>& bands, const std::string& default_bands) {
  os::refuse_empty(command.add_option("--metric", metrics,
                                      fmt::format("repeated: what is compared, such as throughput_per_s (default: {})",
                                                  default_metrics)))
      ->type_name("METRIC")
      ->allow_extra_args(false);
  command
      .add_option("--band", bands,
                  fmt::format("repeated: changes that do not matter, 1% or METRIC=1% (default: {})", default_bands))
      ->type_name("BAND")
      ->allow_extra_args(false);
}

}  // namespace

void add_compare_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command =
      app.add_subcommand("compare",
                         "Compares stored runs of two sides, and decides which is better: at least 4 rounds of a cell, "
                         "or 4 runs, a side (smoke has 2 rounds). Or ledgers of fanin kernels: two, or the kernels in "
                         "one; their counts are exact, so any difference is real");
  command
      ->add_option(
          "runs", options->base,
          "BASE and NEW, each a run.json, the directory of a run, a directory of such directories, or a ledger; "
          "with --new all are of BASE")
      ->required()
      ->type_name("");
  command->add_option("--new", options->now, "the runs of NEW, if there are several arguments a side")
      ->type_name("RUN");
  add_metric_options(*command, options->metrics, "throughput, p99, server CPU and memory per idle connection",
                     options->bands, "5 %, p99 10 %");
  os::take_choice(command->add_option("--vary", options->vary, "repeated: a factor that is meant to differ"), factors())
      ->allow_extra_args(false);
  add_verdict_options(*command, options->strict, options->bisect, options->json_path);
  command->callback([options, &exit_code] {
    if (options->now.empty() && options->base.size() == 2) {
      options->now = {options->base.back()};
      options->base.pop_back();
    }
    if (are_ledgers(*options)) {
      exit_code = run_compare_ledgers(*options);
      return;
    }
    if (options->now.empty()) {
      throw std::invalid_argument("compare: two sides are needed: give BASE NEW, or BASE... --new NEW...");
    }
    exit_code = run_compare(*options);
  });
}

void add_ab_command(CLI::App& app, int& exit_code) {
  struct Arguments {
    AbOptions options;
    std::string budget = "60s";
    bool count = false;
  };
  auto given = std::make_shared<Arguments>();
  AbOptions& options = given->options;
  CLI::App* command = app.add_subcommand(
      "ab",
      "Measures two builds, servers or lists of options interleaved, and decides which is better; with --count by the "
      "instructions of a request, which an emulator counts");
  const std::string sides =
      "a folder of built programs, a model with options ('epoll --read-cap 1024'), a command line with {port}, options "
      "of fanin-server (after --: '--read-cap 1024'), or a .json file with a server";
  command->add_option("base", options.base, sides)->required()->type_name("");
  command->add_option("new", options.now, "the same, compared with base")->required()->type_name("");
  add_text(*command, "--suite", options.suite, "SUITE",
           "name of a shipped suite, or a JSON file: its cells are measured (default: ab; with --count: count)");
  add_only_cells(*command, options.only);
  auto* budget = command->add_option("--budget", given->budget, "time to decide all cells, such as 60s or 10m")
                     ->type_name("DURATION")
                     ->capture_default_str();
  auto* count =
      command->add_flag("--count", given->count, "counts instructions instead: one of the server's own decides")
          ->excludes(budget);
  add_text(*command, "--kernel", options.kernel, "KERNEL",
           "with --count, as for fanin kernels (default: the newest that is cached, else debian:6.12)")
      ->needs(count);
  add_metric_options(*command, options.metrics, "what a cell is about", options.bands,
                     "1 % of CPU, 2 % of throughput; with --count: none of the server's own, 0.1 % of all");
  count->excludes(command->get_option("--metric"));
  os::take_count(command->add_option("--seed", options.seed, "seed of orders and arrivals (default: random)"),
                 {0, std::int64_t{1} << 53});
  add_verdict_options(*command, options.strict, options.bisect, options.json_path);
  command->callback([given, &exit_code] {
    given->options.budget = os::parse_duration_of("--budget", given->budget);
    exit_code = given->count ? run_count(given->options) : run_ab(given->options);
  });
}

void add_claims_command(CLI::App& app, int& exit_code) {
  struct Arguments {
    ClaimsOptions options;
    std::string budget = "15m";
  };
  auto given = std::make_shared<Arguments>();
  ClaimsOptions& options = given->options;
  CLI::App* command = app.add_subcommand(
      "claims", "Measures what people say about select, poll, epoll, threads and processes, and judges it");
  auto* files = os::refuse_empty(command->add_option("file", options.files, "claim files (default: the shipped ones)"))
                    ->type_name("");
  auto* resume =
      add_text(*command, "--resume", options.resume, "DIR",
               "continue the interrupted run in this directory; without files and the other options, but --json");
  files->excludes(resume);
  add_only(*command, options.only, "CLAIMS",
           "only the claims whose ID matches a glob, such as K2 or '*' (default: 'K*'; the others are of papers)")
      ->excludes(resume);
  command->add_flag("--list", options.list, "show the claims and measure nothing")->excludes(resume);
  command->add_flag("--swap-sides", options.swap_sides, "measure the opposite of each claim: its verdict turns around")
      ->excludes(resume);
  add_text(*command, "--replace", options.replace, "MODEL=SERVER",
           "measure another model, with options, in place of a model, such as 'epoll=epoll --read-cap 1'")
      ->excludes(resume);
  command->add_option("--budget", given->budget, "time for all claims, such as 90s or 15m")
      ->type_name("DURATION")
      ->capture_default_str()
      ->excludes(resume);
  add_text(*command, "--out", options.out, "DIR", "directory of the results (default: results/claims-TIME)")
      ->excludes(resume);
  add_text(*command, "--json", options.json_path, "FILE", "write the verdicts as JSON to this file too");
  os::take_count(command->add_option("--seed", options.seed, "seed of orders and arrivals (default: random)"),
                 {0, std::int64_t{1} << 53})
      ->excludes(resume);
  command->callback([given, &exit_code] {
    given->options.budget = os::parse_duration_of("--budget", given->budget);
    exit_code = run_claims(given->options);
  });
}

void add_selftest_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<SelftestOptions>();
  CLI::App* command = app.add_subcommand("selftest", "Measures how often fanin ab errs on this machine");
  auto* models = command->add_option("--model", options->models, "repeated: servers to test with")
                     ->type_name("MODEL")
                     ->capture_default_str();
  std::vector<std::string> names;
  for (const Scenario& scenario : selftest_scenarios()) {
    names.emplace_back(scenario.name);
  }
  auto* scenarios = os::take_choice(
      command->add_option("--scenario", options->scenarios, "repeated: effects to find (default: all)"), names);
  auto* sessions =
      os::take_count(command->add_option("--sessions", options->sessions, "of each scenario and model"), {1, 10'000})
          ->capture_default_str();
  auto* simulate = command->add_flag("--simulate", options->simulate,
                                     "simulates the error rates of all procedures instead, a minute of CPU time");
  auto* drift =
      command->add_flag("--drift", options->drift, "measures how much runs of one commit differ instead, ten minutes");
  auto* runs =
      os::take_count(command->add_option("--runs", options->runs, "with --drift: runs to measure"), {1, 10'000})
          ->needs(drift)
          ->capture_default_str();
  auto* merge =
      os::refuse_empty(command->add_option("--merge", options->merge,
                                           "repeated: add the sessions of this result instead, and measure nothing"))
          ->type_name("FILE")
          ->allow_extra_args(false);
  for (CLI::Option* instead : {simulate, drift, merge}) {
    for (CLI::Option* of_sessions : {models, scenarios, sessions}) {
      instead->excludes(of_sessions);
    }
  }
  simulate->excludes(drift)->excludes(merge);
  merge->excludes(drift)->excludes(runs);
  add_text(*command, "--out", options->out, "FILE",
           "file of all results; new ones are added (default: selftest.json; with --drift: drift.json)");
  command->callback([options, &exit_code] { exit_code = run_selftest(*options); });
}

}  // namespace fanin::harness
