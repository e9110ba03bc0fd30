#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/plan/command_line.h"
#include "loadgen/plan/option_table.h"
#include "loadgen/plan/protocol_options.h"
#include "os/arrival_trace.h"
#include "os/files.h"

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

void read_input_files(LoadOptions& options) {
  constexpr std::string_view kTrace = "trace:";
  if (options.arrival && options.arrival->starts_with(kTrace)) {
    options.trace = std::make_shared<const ArrivalTrace>(
        ArrivalTrace::read_file(options.arrival->substr(kTrace.size()), "--arrival trace"));
  }
  const auto read_body = [&options](const std::string& path) {
    if (auto& file = options.body_files[path]; !file) {
      file = std::make_shared<const InputFile>(read_input_file(path, "--body-file"));
    }
  };
  for (const auto& [name, text] : options.protocol_options) {
    if (name == "body-file") {
      read_body(text);
    }
  }
  for (const std::string& mix : options.mix) {
    for (const std::string& path : list_body_files(mix)) {
      read_body(path);
    }
  }
  if (!options.calibration_path.empty()) {
    options.calibration = read_input_file(options.calibration_path, "--calibration");
  }
}

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
