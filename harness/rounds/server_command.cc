#include "harness/rounds/server_command.h"

#include <fmt/format.h>

#include "harness/machine/doctor.h"
#include "harness/rounds/server_under_test.h"
#include "os/child_process.h"

namespace fanin::harness {
namespace {

constexpr net::Nanoseconds kBuildDeadline = std::chrono::minutes(5);

void replace(std::string& word, std::string_view placeholder, const std::string& value) {
  for (auto at = word.find(placeholder); at != std::string::npos; at = word.find(placeholder, at + value.size())) {
    word.replace(at, placeholder.size(), value);
  }
}

void run_build(const ServerSpec& server, const std::string& share, const std::string& directory,
               const std::vector<int>& cpus, int interrupt_fd) {
  std::vector<std::string> words = server.build;
  for (std::string& word : words) {
    replace(word, "{share}", share);
    replace(word, "{build}", directory);
  }
  os::ChildProcess child({.argv = std::move(words), .cpus = cpus});
  const auto ended = [&] { return child.status().has_value(); };
  const auto result = os::wait_until({&child}, -1, interrupt_fd, net::now() + kBuildDeadline, ended);
  if (result == os::WaitResult::kInterrupted) {
    throw Interrupted{};
  }
  if (result == os::WaitResult::kDeadline) {
    throw RoundFailure(fmt::format("its build command did not end within {}", net::format_duration(kBuildDeadline)));
  }
  if (!child.status()->clean()) {
    const std::string last_line = child.err().last_line();
    throw RoundFailure(fmt::format("its build command ended with {}{}{}", child.status()->text(),
                                   last_line.empty() ? "" : ": ", last_line.substr(0, 500)));
  }
}

}  // namespace

std::vector<std::string> server_command(const ServerSpec& spec, const Workload& workload, const std::string& program,
                                        const Placeholders& places) {
  std::vector<std::string> words = spec.command;
  if (words.empty()) {
    words = {program, spec.model, "--port", "0"};
    const std::vector<std::string> of_workload = workload.server_arguments();
    words.insert(words.end(), of_workload.begin(), of_workload.end());
    words.insert(words.end(), spec.args.begin(), spec.args.end());
  }
  const auto connections = static_cast<std::uint64_t>(workload.all_connections());
  const std::uint64_t processes = spec.scales_out() ? count_processes(connections, places.descriptors).value_or(1) : 1;
  for (std::string& word : words) {
    replace(word, "{port}", std::to_string(places.port));
    replace(word, "{processes}", std::to_string(processes));
    replace(word, "{share}", places.share);
    replace(word, "{build}", places.build);
    replace(word, "{scratch}", places.scratch);
  }
  return words;
}

const std::string& BuildDirectories::require(const ServerSpec& server, const std::string& share,
                                             const std::vector<int>& cpus, int interrupt_fd) {
  const auto [found, is_new] = directories_.try_emplace(server.build);
  if (is_new) {
    try {
      run_build(server, share, found->second.path(), cpus, interrupt_fd);
    } catch (...) {
      directories_.erase(found);
      throw;
    }
  }
  return found->second.path();
}

}  // namespace fanin::harness
