#pragma once

#include <CLI/CLI.hpp>

namespace fanin {

// The subcommands of `fanin` (docs/interfaces.md). Each runs when the command line has been parsed; `exit_code` must
// outlive the parse. What goes wrong is thrown as a standard exception whose text is one line for the user.
void add_run_command(CLI::App& app, int& exit_code);
void add_list_command(CLI::App& app);
void add_env_command(CLI::App& app);
void add_compare_command(CLI::App& app, int& exit_code);

}  // namespace fanin
