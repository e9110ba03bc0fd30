// `fanin compare` without its comparison: the files that it reads and what it prints.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "harness/analysis/run_file.h"
#include "harness/verdict/compare.h"
#include "os/files.h"
#include "os/format.h"
#include "os/program.h"

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

std::vector<Json> load_runs(const std::vector<std::string>& paths) {
  std::vector<Json> runs;
  for (const std::string& path : paths) {
    for (const std::string& file : find_run_files(path)) {
      runs.push_back(load_run(file));
    }
  }
  return runs;
}

}  // namespace

int run_compare(const CompareOptions& options) {
  const std::vector<Json> base = load_runs(options.base);  // first, so that its error is the one that is reported
  const Judgement judgement = compare_runs(base, load_runs(options.now), options);
  for (const std::string& obstacle : judgement.obstacles) {
    os::print_error("fanin", "not comparable: " + obstacle);
  }
  if (judgement.obstacles.empty()) {
    os::print_text(stdout, describe_judgement(judgement));
  }
  if (!options.json_path.empty()) {
    os::write_file_atomically(options.json_path, to_text(judgement_to_json(judgement)));
  }
  const ExitCode code = judgement.exit_code();
  return options.bisect ? exit_code_for_bisect(code) : static_cast<int>(code);
}

}  // namespace fanin::harness
