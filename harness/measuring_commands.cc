// Subcommands that measure a suite, or show suites and the machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "harness/commands.h"
#include "harness/listing.h"
#include "harness/machine/doctor.h"
#include "harness/rounds/environment.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/suite_run.h"
#include "os/command_line.h"
#include "os/files.h"
#include "os/program.h"

namespace fanin::harness {

CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& text, const std::string& type,
                      const std::string& about) {
  return os::refuse_empty(command.add_option(name, text, about))->type_name(type);
}

CLI::Option* add_only(CLI::App& command, Globs& only, const std::string& type, const std::string& about) {
  return os::refuse_empty(command.add_option("--only", only, about + "; may be repeated"))
      ->type_name(type)
      ->allow_extra_args(false);  // what follows may be the suite
}

CLI::Option* add_only_cells(CLI::App& command, Globs& only) {
  return add_only(command, only, "CELLS",
                  "only the cell EXPERIMENT/SERVER/VALUE, or all that match a glob such as '*/epoll/*'");
}

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
  add_only_cells(*command, options->only)->excludes(resume);
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
    Globs only;
  };
  auto given = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("list", "Shows the shipped suites and the server models, or a suite's cells");
  auto* suite = add_text(*command, "suite", given->suite, "", "shows the cells of this suite, a name or a file");
  add_only_cells(*command, given->only)->needs(suite);
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

}  // namespace fanin::harness
