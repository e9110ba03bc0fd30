// The subcommand that counts instructions on other kernels.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "harness/commands.h"
#include "harness/kernels/ledger_run.h"
#include "os/command_line.h"

namespace fanin::harness {

void add_kernels_command(CLI::App& app, int& exit_code) {
  constexpr std::int64_t kMinMemory = 128;
  constexpr std::int64_t kMaxMemory = 65'536;
  auto options = std::make_shared<LedgerOptions>();
  CLI::App* command = app.add_subcommand(
      "kernels", "Counts the instructions of a request on other kernels, in an emulator, and writes ledger.json");
  add_text(*command, "suite", options->suite, "", "name of a shipped suite, or a JSON file (default: kernels)");
  command
      ->add_option(
          "--kernel", options->kernels,
          "debian:SERIES, the newest cloud image of a series such as 6.12; debian:=VERSION, one release; or the "
          "path of a bzImage; once for each kernel")
      ->type_name("KERNEL")
      ->required()
      ->allow_extra_args(false);  // what follows may be the suite
  add_only(*command, options->only);
  os::take_count(command
                     ->add_option("--seed", options->seeds,
                                  "seed of emulator and load (default: the suite's, or 1); further ones show what "
                                  "depends on the order in which the programs run; once for each seed")
                     ->allow_extra_args(false),  // what follows may be the suite
                 {0, std::int64_t{1} << 53});
  add_text(*command, "--append", options->append, "PARAMETERS", "adds to the kernels' command lines");
  command->add_option("--sysctl", options->sysctls, "sets it in the guests, such as net.core.somaxconn=1024")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);  // what follows may be the suite
  os::take_count(command->add_option("--memory", options->memory_mib, "memory of a guest in MiB"),
                 {kMinMemory, kMaxMemory})
      ->capture_default_str();
  add_text(*command, "--out", options->out, "DIR", "directory of the results (default: results/SUITE-TIME)");
  add_text(*command, "--server-binary", options->server_binary, "FILE",
           "fanin-server to use (default: in the directory of fanin)");
  add_text(*command, "--load-binary", options->load_binary, "FILE",
           "fanin-load to use (default: in the directory of fanin)");
  command->callback([options, &exit_code] { exit_code = run_ledger(*options); });
}

}  // namespace fanin::harness
