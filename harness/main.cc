// fanin: runs suites, compares runs, shows the machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/ab/ab.h"
#include "harness/ab/selftest.h"
#include "harness/analysis/plots.h"
#include "harness/analysis/run_file.h"
#include "harness/claims/claims_command.h"
#include "harness/claims/result_check.h"
#include "harness/export/export.h"
#include "harness/listing.h"
#include "harness/machine/doctor.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/suite_run.h"
#include "harness/verdict/compare.h"
#include "os/build_info.h"
#include "os/command_line.h"
#include "os/files.h"
#include "os/format.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

// `type` is what help shows of the value; nothing for a positional argument, whose name says enough.
CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& text, const std::string& type,
                      const std::string& about) {
  return os::refuse_empty(command.add_option(name, text, about))->type_name(type);
}

CLI::Option* add_only(CLI::App& command, std::string& only) {
  return add_text(command, "--only", only, "CELLS",
                  "only the cell EXPERIMENT/SERVER/VALUE, or all that match a glob such as '*/epoll/*'");
}

// The exit code of a command that has one goes into `exit_code`, which must outlive the parse.
void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Measures a suite and writes run.json");
  auto* suite = add_text(*command, "suite", options->suite, "", "name of a shipped suite, or a JSON file");
  auto* resume = add_text(*command, "--resume", options->resume, "DIR",
                          "continue the interrupted run in this directory; without a suite and the next four options");
  add_text(*command, "--out", options->out, "DIR", "directory of the run (default: results/SUITE-TIME)")
      ->excludes(resume);
  os::take_count(
      command->add_option("--repetitions", options->repetitions, "rounds of each cell (default: the suite's)"),
      {1, 10'000})
      ->excludes(resume);
  os::take_count(
      command->add_option("--seed", options->seed, "seed of the order of cells (default: the suite's, or random)"),
      {0, std::int64_t{1} << 53})
      ->excludes(resume);
  add_only(*command, options->only)->excludes(resume);
  add_text(*command, "--server-binary", options->server_binary, "FILE",
           "fanin-server to use (default: in the directory of fanin)");
  add_text(*command, "--load-binary", options->load_binary, "FILE",
           "fanin-load to use (default: in the directory of fanin)");
  suite->excludes(resume);
  command->callback([options, &exit_code] {
    if (options->suite.empty() && options->resume.empty()) {
      throw std::invalid_argument("run: no suite is given: 'fanin list' shows them");
    }
    exit_code = run_suite(*options);
  });
}

void add_list_command(CLI::App& app) {
  struct Arguments {
    std::string suite;
    std::string only = "*";
  };
  auto given = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("list", "Shows the shipped suites and the server models, or a suite's cells");
  auto* suite = add_text(*command, "suite", given->suite, "", "shows the cells of this suite, a name or a file");
  add_only(*command, given->only)->needs(suite);
  command->callback([given] {
    const Programs programs = Programs::find("", "");
    if (given->suite.empty()) {
      os::print_text(stdout, describe_suites(programs));
      return;
    }
    const std::string path = find_suite(given->suite, programs);
    const Suite of_file = parse_suite(load_json(path), path);
    const Catalogue catalogue = Catalogue::query(programs.server);
    check_models(of_file, path, catalogue);
    check_server_arguments(of_file, path, programs, catalogue);
    os::print_text(stdout, describe_cells(of_file, given->only));
  });
}

void add_env_command(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("env", "Shows what a run records about this machine");
  command->add_flag("--json", *as_json, "as JSON");
  command->callback([as_json] {
    const Json environment = read_environment(Programs::find("", ""));
    os::print_text(stdout, *as_json ? environment.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                                    : describe_environment(environment));
  });
}

void add_doctor_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command =
      app.add_subcommand("doctor", "Checks whether N connections fit on this machine, and says which limits to raise");
  auto* connections = os::take_count(command->add_option("--connections", options->connections,
                                                         "connections between two local programs"),
                                     {1, std::int64_t{1} << 31})
                          ->capture_default_str();
  auto* fix = command->add_flag("--fix", options->fix, "as root: raise what is too low in /proc/sys");
  auto* as_json = command->add_flag("--json", options->as_json, "as JSON");
  command->add_flag("--undo", options->undo, "restore what --fix has changed; takes no other option")
      ->excludes(connections)
      ->excludes(fix)
      ->excludes(as_json);
  command->callback([options, &exit_code] { exit_code = run_doctor(*options); });
}

void add_selftest_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<SelftestOptions>();
  CLI::App* command = app.add_subcommand("selftest", "Measures how often fanin ab errs on this machine");
  command->add_option("--model", options->models, "repeated: servers to test with")
      ->type_name("MODEL")
      ->capture_default_str();
  std::vector<std::string> names;
  for (const Scenario& scenario : selftest_scenarios()) {
    names.emplace_back(scenario.name);
  }
  os::take_choice(command->add_option("--scenario", options->scenarios, "repeated: effects to find (default: all)"),
                  names);
  os::take_count(command->add_option("--sessions", options->sessions, "of each scenario and model"), {1, 10'000})
      ->capture_default_str();
  add_text(*command, "--out", options->out, "FILE", "file of all sessions; new ones are added")->capture_default_str();
  command->callback([options, &exit_code] { exit_code = run_selftest(*options); });
}

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

void add_compare_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command =
      app.add_subcommand("compare",
                         "Compares stored runs of two sides, and decides which is better: at least 4 rounds of a cell, "
                         "or 4 runs, a side (smoke has 2 rounds)");
  command
      ->add_option("runs", options->base,
                   "BASE and NEW, each a run.json, the directory of a run, or a directory of such directories; with "
                   "--new all are of BASE")
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
  };
  auto given = std::make_shared<Arguments>();
  AbOptions& options = given->options;
  CLI::App* command = app.add_subcommand(
      "ab", "Measures two builds, servers or lists of options interleaved, and decides which is better");
  const std::string sides =
      "a folder of built programs, a model with options ('epoll --read-cap 1024'), a command line with {port}, options "
      "of fanin-server (after --: '--read-cap 1024'), or a .json file with a server";
  command->add_option("base", options.base, sides)->required()->type_name("");
  command->add_option("new", options.now, "the same, compared with base")->required()->type_name("");
  add_text(*command, "--suite", options.suite, "SUITE",
           "name of a shipped suite, or a JSON file: its cells are measured")
      ->capture_default_str();
  add_only(*command, options.only);
  command->add_option("--budget", given->budget, "time to decide all cells, such as 60s or 10m")
      ->type_name("DURATION")
      ->capture_default_str();
  add_metric_options(*command, options.metrics, "what a cell is about", options.bands, "1 % of CPU, 2 % of throughput");
  os::take_count(command->add_option("--seed", options.seed, "seed of orders and arrivals (default: random)"),
                 {0, std::int64_t{1} << 53});
  add_verdict_options(*command, options.strict, options.bisect, options.json_path);
  command->callback([given, &exit_code] {
    given->options.budget = os::parse_duration_of("--budget", given->budget);
    exit_code = run_ab(given->options);
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
  add_text(*command, "--only", options.only, "CLAIMS", "only the claims whose ID matches a glob, such as K2 or 'K1*'")
      ->excludes(resume);
  command->add_flag("--list", options.list, "show the claims and measure nothing")->excludes(resume);
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

// Checks a run or verdicts and counts what they hold.
std::string validate(const std::string& file) {
  const Json document = load_json(file);
  const JsonReader reader(document, file);
  if (is_judgement(document)) {
    return os::plural(judgement_from_json(reader).metrics.size(), "comparison");
  }
  if (is_claims_result(document)) {
    return os::plural(check_claims_result(reader), "claim");
  }
  check_run(reader);
  return fmt::format("{}, {}", os::plural(document.at("cells").size(), "cell"),
                     os::plural(document.at("rounds").size(), "round"));
}

void add_validate_command(CLI::App& app, int& exit_code) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand(
      "validate", "Checks that runs and verdicts fit their schema, and that what they say follows from their figures");
  command
      ->add_option(
          "file", *files,
          "the directory of a run, its run.json, or verdicts (--json of ab, compare and claims); gzipped or not")
      ->required()
      ->type_name("");
  command->callback([files, &exit_code] {
    for (const std::string& file : *files) {
      try {
        os::print_text(stdout, fmt::format("{}: valid: {}\n", os::printable(file), validate(find_run_file(file))));
      } catch (const std::invalid_argument& error) {
        os::print_error("fanin", error.what());
        exit_code = 2;
      }
    }
  });
}

void add_export_command(CLI::App& app) {
  struct Arguments {
    std::string file;
    std::string format;
    std::string out = "-";
    ExportOptions options;
  };
  auto given = std::make_shared<Arguments>();
  HistogramChoice& histogram = given->options.histogram;
  CLI::App* command =
      app.add_subcommand("export", "Writes a run, a load result or verdicts in a format of another tool");
  add_text(*command, "file", given->file, "",
           "the directory of a run, its run.json, a result of fanin-load, or verdicts (--json of ab and compare)")
      ->required();
  std::vector<std::string> names;
  std::string formats = "Formats:\n";
  for (const ExportFormat& format : export_formats()) {
    names.emplace_back(format.name);
    formats += fmt::format("  {:<26}{}\n", format.name, format.about);
  }
  os::take_choice(command->add_option("--format", given->format, "format of the output, see below"), names)->required();
  command->footer(formats);
  add_text(*command, "--out", given->out, "FILE", "file to write; - is standard output")->capture_default_str();
  add_text(*command, "--cell", histogram.cell, "CELL", "hgrm, hlog: only this cell");
  os::take_choice(command->add_option("--histogram", histogram.kind, "hgrm, hlog: which latency"),
                  {"response", "service", "connect"})
      ->capture_default_str();
  command->add_option("--link", given->options.link, "markdown: where the report is, an address or a name")
      ->type_name("LINK");
  command->callback([given] {
    const Json document = load_measured(given->file);
    const std::string text = export_document(document, given->format, given->options);
    if (given->out == "-") {
      os::print_text(stdout, text);
    } else {
      os::write_file_atomically(given->out, text);
    }
  });
}

void add_plot_command(CLI::App& app) {
  struct Arguments {
    std::string measured;
    std::string out;
    std::string micro;
  };
  auto given = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("plot", "Draws the charts of a run and its report.html, or the chart of a file");
  add_text(*command, "run", given->measured, "",
           "the directory of a run or of fanin claims, its JSON, verdicts of fanin ab or compare, a sweep over rates, "
           "or the JSON of fanin-micro")
      ->required();
  add_text(*command, "--out", given->out, "DIR",
           "directory for the charts (default: charts/ in the run directory; next to another file)");
  add_text(*command, "--micro", given->micro, "FILE", "JSON of the micro-benchmarks (default: micro.json of the run)");
  command->callback([given] {
    std::vector<std::string> arguments;
    for (const auto& [option, value] : {std::pair{"--out", given->out}, {"--micro", given->micro}}) {
      if (!value.empty()) {
        arguments.push_back(fmt::format("{}={}", option, value));
      }
    }
    arguments.insert(arguments.end(), {"--", given->measured});
    draw_plots(Programs::find("", "").data(), arguments);
  });
}

int run_command_line(int argc, char** argv) {
  CLI::App app("fanin: measures how servers of every concurrency model behave as connections grow", "fanin");
  app.set_version_flag("--version", os::version_text("fanin", ""));
  app.require_subcommand(1);
  int exit_code = 0;
  add_run_command(app, exit_code);
  add_list_command(app);
  add_env_command(app);
  add_claims_command(app, exit_code);
  add_ab_command(app, exit_code);
  add_selftest_command(app, exit_code);
  add_compare_command(app, exit_code);
  add_validate_command(app, exit_code);
  add_export_command(app);
  add_plot_command(app);
  add_doctor_command(app, exit_code);
  app.footer("'fanin help SUBCOMMAND' shows its options.");  // here, since a new subcommand would inherit it
  return os::parse_command_line(app, argc, argv).value_or(exit_code);
}

}  // namespace
}  // namespace fanin::harness

int main(int argc, char** argv) {
  constexpr std::size_t kStackBytes = std::size_t{256} << 10;  // documents are copied and written by recursion
  return fanin::os::run_program(
      "fanin", [&] { return fanin::harness::run_command_line(argc, argv); }, kStackBytes);
}
