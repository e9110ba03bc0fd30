#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "harness/suite/selection.h"

// The subcommands of fanin. The exit code of a command that has one goes into `exit_code`, which must outlive the
// parse.
namespace fanin::harness {

void add_run_command(CLI::App& app, int& exit_code);
void add_list_command(CLI::App& app);
void add_env_command(CLI::App& app);
void add_doctor_command(CLI::App& app, int& exit_code);

void add_kernels_command(CLI::App& app, int& exit_code);
void add_claims_command(CLI::App& app, int& exit_code);
void add_ab_command(CLI::App& app, int& exit_code);
void add_selftest_command(CLI::App& app, int& exit_code);
void add_compare_command(CLI::App& app, int& exit_code);

void add_validate_command(CLI::App& app, int& exit_code);
void add_export_command(CLI::App& app);
void add_plot_command(CLI::App& app);

// Options that several of them have.

// `type` is what help shows of the value; nothing for a positional argument, whose name says enough.
CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& text, const std::string& type,
                      const std::string& about);
// --only: may be repeated.
CLI::Option* add_only(CLI::App& command, Globs& only, const std::string& type, const std::string& about);
CLI::Option* add_only_cells(CLI::App& command, Globs& only);

}  // namespace fanin::harness
