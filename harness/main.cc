// fanin: runs suites, compares runs, shows the machine.
#include <CLI/CLI.hpp>
#include <cstddef>

#include "harness/commands.h"
#include "os/build_info.h"
#include "os/command_line.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

int run_command_line(int argc, char** argv) {
  CLI::App app("fanin: measures how servers of every concurrency model behave as connections grow", "fanin");
  app.set_version_flag("--version", os::version_text("fanin", ""));
  app.require_subcommand(1);
  int exit_code = 0;
  add_run_command(app, exit_code);
  add_list_command(app);
  add_env_command(app);
  add_kernels_command(app, exit_code);
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
