#include "harness/rounds/suite_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <system_error>

#include "harness/rounds/run_lock.h"
#include "harness/suite/workload_keys.h"
#include "os/arrival_trace.h"
#include "os/input_file.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

void check_kind(const fs::path& path) {
  std::error_code error;  // too many links, no right to look
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw std::invalid_argument(fmt::format("there is no file {}: paths count from the suite's folder", path.string()));
  }
  if (status.type() != fs::file_type::regular) {
    throw std::invalid_argument(fmt::format("cannot read {}: {}: name a regular file", path.string(),
                                            error ? error.message() : "it is no regular file"));
  }
}

void check_name(const std::string& file) {
  constexpr std::array kOwn{"run.json",   "run.json.gz",   "rounds.jsonl", "suite.json",
                            "micro.json", "micro.json.gz", "charts",       RunLock::kFile};
  if (std::find(kOwn.begin(), kOwn.end(), *fs::path(file).lexically_normal().begin()) != kOwn.end()) {
    throw std::invalid_argument(fmt::format("a run writes a {} of its own: rename that file", file));
  }
}

// As the generator reads it. Its own rate rules where the experiment gives none.
void check_trace(const Experiment& experiment, const std::string& path) {
  const ArrivalTrace trace = ArrivalTrace::read_file(path, "trace");
  const bool has_rate = experiment.workload.has_rate() || experiment.sweep.parameter == "rate";
  const double highest = find_workload_key("rate")->highest;
  if (!has_rate && trace.rate_per_s() > highest) {
    throw std::invalid_argument(fmt::format("{} asks for {:.0f} requests/s, which is above {:.0f}: give 'rate'", path,
                                            trace.rate_per_s(), highest));
  }
}

void check_file(const Experiment& experiment, const std::string& file, const fs::path& folder) {
  const std::string path = (folder / file).string();
  check_kind(path);
  check_name(file);
  if (file == experiment.workload.trace()) {
    check_trace(experiment, path);
  } else {
    read_input_file(path, "body_file");
  }
}

}  // namespace

void check_suite_files(const Suite& suite, const fs::path& folder) {
  for (const Experiment& experiment : suite.experiments) {
    for (const std::string& file : experiment.workload.files()) {
      try {
        check_file(experiment, file, folder);
      } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("experiment '{}': {}", experiment.name, error.what()));
      }
    }
  }
}

void keep_suite_files(const Suite& suite, const fs::path& folder, const fs::path& directory) {
  if (fs::equivalent(folder, directory)) {
    return;
  }
  for (const Experiment& experiment : suite.experiments) {
    for (const std::string& file : experiment.workload.files()) {
      fs::create_directories((directory / file).parent_path());
      fs::copy_file(folder / file, directory / file, fs::copy_options::overwrite_existing);
    }
  }
}

}  // namespace fanin::harness
