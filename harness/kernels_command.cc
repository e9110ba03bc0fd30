// The subcommand that counts instructions, or measures times, on other kernels.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "harness/commands.h"
#include "harness/kernels/ledger_run.h"
#include "harness/kernels/timed_run.h"
#include "os/command_line.h"

namespace fanin::harness {

void add_kernels_command(CLI::App& app, int& exit_code) {
  constexpr std::int64_t kMinMemory = 128;
  constexpr std::int64_t kMaxMemory = 65'536;
  struct Arguments {
    LedgerOptions options;
    std::string suite;
    bool time = false;
  };
  auto given = std::make_shared<Arguments>();
  LedgerOptions* options = &given->options;
  CLI::App* command = app.add_subcommand(
      "kernels",
      "Counts the instructions of a request on other kernels, in an emulator, and writes ledger.json; with --time "
      "measures a suite on them under KVM");
  add_text(*command, "suite", given->suite, "",
           "name of a shipped suite, or a JSON file (default: kernels; with --time: gate)");
  command
      ->add_option(
          "--kernel", options->kernels,
          "debian:SERIES, the newest cloud image of a series such as 6.12; debian:=VERSION, one release; or the "
          "path of a bzImage; once for each kernel")
      ->type_name("KERNEL")
      ->required()
      ->allow_extra_args(false);  // what follows may be the suite
  add_only_cells(*command, options->only);
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
  auto* time = command->add_flag("--time", given->time,
                                 "measures times instead, under KVM: a run.json for each boot of a kernel");
  os::take_count(command->add_option("--boots", options->boots, "with --time: boots of each kernel"), {1, 1000})
      ->needs(time)
      ->capture_default_str();
  command->callback([given, &exit_code] {
    const char* preset = given->time ? "gate" : "kernels";
    given->options.suite = given->suite.empty() ? preset : given->suite;
    exit_code = given->time ? run_timed(given->options) : run_ledger(given->options);
  });
}

}  // namespace fanin::harness
