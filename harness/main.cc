#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "harness/commands.h"

namespace fanin {
namespace {

int run_command_line(int argc, char** argv) {
  CLI::App app("fanin: measures how servers of every concurrency model behave as connections grow");
  app.set_version_flag("--version", FANIN_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  add_run_command(app, exit_code);
  add_list_command(app);
  add_env_command(app);
  add_compare_command(app, exit_code);
  // CLI11 would only say that a subcommand is missing.
  const auto is_named = [&](const CLI::App* command) { return command->check_name(argv[1]); };
  if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_named).empty()) {
    fmt::print(stderr, "fanin: there is no command '{}': run, list, env and compare are there\n", argv[1]);
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "fanin: {}: see fanin --help\n", error.what());
    return 2;
  }
  return exit_code;
}

}  // namespace
}  // namespace fanin

int main(int argc, char** argv) {
  try {
    return fanin::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fanin: {}\n", error.what());
    return 2;
  }
}
