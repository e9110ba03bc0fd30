// `fanin compare` without its comparison: the files that it reads and what it prints.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "harness/analysis/run_file.h"
#include "harness/verdict/compare.h"
#include "os/format.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> find_run_files(const std::string& path) {
  std::error_code none;
  if (!fs::is_directory(path, none)) {
    return {path};
  }
  if (std::string own = find_run_file(path); fs::exists(own, none)) {
    return {std::move(own)};
  }
  std::vector<std::string> files;
  for (const fs::directory_entry& each : fs::directory_iterator(path, none)) {
    if (std::string file = find_run_file(each.path()); each.is_directory(none) && fs::exists(file, none)) {
      files.push_back(std::move(file));
    }
  }
  if (files.empty()) {
    throw std::invalid_argument(
        fmt::format("{} holds no run: give a run.json, the directory of a run, or a directory of such directories",
                    os::printable(path)));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The runs of one side. Adds their files to `files`.
std::vector<Json> load_runs(const std::vector<std::string>& paths, std::vector<std::string>& files) {
  std::vector<Json> runs;
  for (const std::string& path : paths) {
    for (const std::string& file : find_run_files(path)) {
      runs.push_back(load_run(file));
      files.push_back(file);
    }
  }
  return runs;
}

// Throws std::invalid_argument for a run on both sides, as where a variable of a CI job is wrong: such a gate cannot
// fail.
void refuse_shared_run(const std::vector<Json>& base, const std::vector<Json>& now) {
  for (const Json& run : base) {
    const auto is_it = [&](const Json& other) { return other.at("run_id") == run.at("run_id"); };
    if (std::any_of(now.begin(), now.end(), is_it)) {
      throw std::invalid_argument(fmt::format("compare: both sides have the run {}: give two runs",
                                              os::printable(run.at("run_id").get<std::string>(), kLongestName)));
    }
  }
}

}  // namespace

int run_compare(const CompareOptions& options) {
  std::vector<std::string> files;
  const std::vector<Json> base =
      load_runs(options.base, files);  // first, so that its error is the one that is reported
  const std::vector<Json> now = load_runs(options.now, files);
  refuse_shared_run(base, now);
  const auto file = os::open_result_file(options.json_path, "--json", files);
  const Judgement judgement = compare_runs(base, now, options);
  for (const std::string& obstacle : judgement.obstacles) {
    os::print_error("fanin", "not comparable: " + obstacle);
  }
  if (judgement.obstacles.empty()) {
    os::print_text(stdout, describe_judgement(judgement));
  }
  if (file) {
    file->write(to_text(judgement_to_json(judgement)));
  }
  const ExitCode code = judgement.exit_code();
  return options.bisect ? exit_code_for_bisect(code) : static_cast<int>(code);
}

}  // namespace fanin::harness
