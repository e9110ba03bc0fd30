#include "loadgen/plan/options_files.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "loadgen/plan/option_checks.h"
#include "os/output_file.h"

namespace fanin::load {
namespace {

// Options and the files that they name.
using NamedFiles = std::vector<std::pair<std::string, std::string>>;

NamedFiles input_files(const LoadOptions& options) {
  NamedFiles files;
  for (const auto& [path, file] : options.body_files) {
    files.emplace_back("--body-file", path);
  }
  if (options.trace) {
    files.emplace_back("--arrival trace", options.trace->file());
  }
  if (options.calibration) {
    files.emplace_back("--calibration", options.calibration->path);
  }
  return files;
}

}  // namespace

void refuse_shared_files(const LoadOptions& options) {
  const bool prints_summary = !options.quiet && options.json_path != "-" && options.live_json_path != "-";
  NamedFiles others = input_files(options);
  for (const auto& [option, path] :
       NamedFiles{{"--live-json", options.live_json_path}, {"--json", options.json_path}}) {
    if (path.empty()) {
      continue;
    }
    for (const auto& [other, other_path] : others) {
      if (is_same_output(path, other_path)) {
        refuse(fmt::format("{} {} and {} {} are one file: give each its own", option, path, other, other_path));
      }
    }
    if (prints_summary && is_same_output(path, "-")) {
      refuse(
          fmt::format("{} {} is standard output, where the summary goes: give {} - or --quiet", option, path, option));
    }
    others.emplace_back(option, path);
  }
}

}  // namespace fanin::load
