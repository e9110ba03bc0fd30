#include "harness/rounds/argument_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "harness/rounds/server_under_test.h"
#include "os/child_process.h"

namespace fanin::harness {
namespace {

constexpr int kRefusedArguments = 2;
constexpr Nanoseconds kCheckDeadline = std::chrono::seconds(30);

// What `argv` says on standard error where it refuses its arguments, else nothing: any other trouble is found, and
// explained, when the program is used.
std::string ask_program(std::vector<std::string> argv, const std::string& directory) {
  argv.emplace_back("--check");
  ChildProcess child({.argv = std::move(argv), .directory = directory});
  const auto ended = [&] { return child.status().has_value(); };
  const bool has_ended = wait_until({&child}, -1, -1, now() + kCheckDeadline, ended) == WaitResult::kDone;
  return has_ended && child.status()->code == kRefusedArguments ? child.err().last_line() : "";
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void check_server_arguments(const Suite& suite, const std::string& file, const Programs& programs,
                            const Catalogue& catalogue) {
  for (std::size_t i = 0; i < suite.servers.size(); ++i) {
    const ServerSpec& server = suite.servers[i];
    for (const Experiment& experiment : suite.experiments) {
      if (server.args.empty() || !is_among(experiment.servers, server.name) ||
          !is_among(catalogue.find(server.model)->protocols, experiment.workload.protocol())) {
        continue;
      }
      const std::string said =
          ask_program(server_command(server, experiment.workload, programs.server, 0, UINT64_MAX), "");
      if (!said.empty()) {
        throw std::invalid_argument(
            fmt::format("{}: /servers/{}/args (experiment '{}'): {}", file, i, experiment.name, said));
      }
    }
  }
}

void check_load_arguments(const Suite& suite, const std::string& file, const Programs& programs,
                          const std::filesystem::path& folder) {
  for (std::size_t i = 0; i < suite.experiments.size(); ++i) {
    const Experiment& experiment = suite.experiments[i];
    for (const Json& value : experiment.sweep.values) {
      std::vector<std::string> argv{programs.load, "127.0.0.1:1"};
      const auto workload = experiment.workload.with(experiment.sweep.parameter, value).load_arguments();
      argv.insert(argv.end(), workload.begin(), workload.end());
      argv.insert(argv.end(), {"--warmup", experiment.warmup.text()});
      if (const std::string said = ask_program(std::move(argv), folder.string()); !said.empty()) {
        throw std::invalid_argument(fmt::format("{}: /experiments/{}/workload ({} {}): {}", file, i,
                                                experiment.sweep.parameter, value.dump(), said));
      }
    }
  }
}

}  // namespace fanin::harness
