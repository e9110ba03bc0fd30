#include "harness/rounds/run_directory.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/analysis/run_file.h"
#include "harness/suite/workload_keys.h"
#include "os/arrival_trace.h"
#include "os/files.h"

namespace fanin::harness {
namespace {

// Its holder may have removed it between our open() and flock(): then other processes do not see the locked file.
bool is_still_there(const net::Descriptor& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

std::string read_holder(const net::Descriptor& file) {
  std::array<char, 16> text{};
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto end = std::find_if_not(text.begin(), text.begin() + std::max<ssize_t>(got, 0), is_digit);
  return end == text.begin() ? "unknown" : std::string(text.begin(), end);
}

}  // namespace

std::string choose_run_id(const std::string& suite, const std::string& directory, std::time_t now) {
  const std::string name = std::filesystem::absolute(directory + "/").lexically_normal().parent_path().filename();
  std::tm time{};
  std::istringstream rest(name.starts_with(suite + "-") ? name.substr(suite.size() + 1) : "");
  rest >> std::get_time(&time, "%Y%m%dT%H%M%SZ");
  const bool is_time = rest && rest.peek() == std::istringstream::traits_type::eof();
  return is_time ? name : fmt::format("{}-{:%Y%m%dT%H%M%SZ}", suite, fmt::gmtime(now));
}

RunLock::RunLock(const std::string& directory) : path_(fmt::format("{}/{}", directory, kFile)) {
  do {
    file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file_) {
      throw std::system_error(errno, std::generic_category(), fmt::format("cannot write {}", path_));
    }
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      const std::string holder = read_holder(file_);
      file_.reset();  // the destructor must not remove it
      throw std::invalid_argument(
          fmt::format("{}: a run is under way in it (pid {}): wait for its end", directory, holder));
    }
  } while (!is_still_there(file_));
  const std::string id = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file_.get(), 0) != 0 || ::write(file_.get(), id.data(), id.size()) < 0) {
    throw std::system_error(errno, std::generic_category(), fmt::format("cannot write {}", path_));
  }
}

RunLock::~RunLock() {
  if (file_) {
    ::unlink(path_.c_str());
  }
}

RoundsLog::RoundsLog(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (!file_) {
    os::throw_cannot_write(path_, errno);
  }
}

void RoundsLog::append(const std::vector<Json>& rounds) {
  struct stat before {};
  net::check(::fstat(file_.get(), &before), "fstat");
  if (is_gone()) {
    os::throw_cannot_write(path_, ENOENT);
  }
  std::string lines;
  for (const Json& round : rounds) {
    lines += to_text(round) + "\n";
  }
  if (const int error = os::write_and_sync(file_.get(), lines); error != 0) {
    // Take back what arrived of the lines. Where even that fails, recover() will.
    const int ignored = ::ftruncate(file_.get(), before.st_size);
    static_cast<void>(ignored);
    os::throw_cannot_write(path_, error);
  }
}

bool RoundsLog::is_gone() const noexcept {
  struct stat ours {};
  struct stat there {};
  return ::fstat(file_.get(), &ours) == 0 &&
         (::stat(path_.c_str(), &there) != 0 || ours.st_ino != there.st_ino || ours.st_dev != there.st_dev);
}

namespace {

// The rounds at the end that belong to a unit whose other rounds are missing.
std::size_t count_partial_unit(const std::vector<Json>& rounds) {
  if (rounds.empty() || !rounds.back().contains("interleaved")) {
    return 0;
  }
  const Json& last = rounds.back();
  std::size_t count = 0;
  while (count < rounds.size() && rounds[rounds.size() - 1 - count]["block"] == last["block"] &&
         rounds[rounds.size() - 1 - count]["order"] == last["order"]) {
    ++count;
  }
  return count < last["interleaved"].get<std::size_t>() ? count : 0;
}

}  // namespace

std::vector<Json> RoundsLog::recover(const std::string& path,
                                     const std::function<void(const JsonReader&)>& check_belongs) {
  std::vector<Json> rounds;
  if (!std::filesystem::exists(path)) {
    return rounds;  // interrupted before the first round
  }
  const std::string text = load_text(path);
  std::map<std::pair<std::string, std::int64_t>, std::size_t> lines;  // by cell and block
  std::size_t whole = 0;
  std::vector<std::size_t> begins;  // of the lines
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', whole)) {
    const std::size_t line = rounds.size() + 1;
    const std::string place = fmt::format("{}: line {}", path, line);
    try {
      Json round = parse_json(std::string_view(text).substr(whole, end - whole), path, line);
      const JsonReader reader(round, place);
      check_round(reader);
      check_belongs(reader);
      const auto [earlier, is_new] = lines.emplace(std::pair{round["cell"], round["block"]}, line);
      if (!is_new) {
        reader.fail(fmt::format("repeats the round of line {}", earlier->second));
      }
      rounds.push_back(std::move(round));
      begins.push_back(whole);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(
          fmt::format("{}: take the line out of the file, and its round is measured again", error.what()));
    }
    whole = end + 1;
  }
  if (const std::size_t partial = count_partial_unit(rounds); partial > 0) {
    rounds.resize(rounds.size() - partial);
    whole = begins[rounds.size()];
  }
  if (whole < text.size() && ::truncate(path.c_str(), static_cast<off_t>(whole)) != 0) {
    os::throw_cannot_write(path, errno);
  }
  return rounds;
}

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
  const os::ArrivalTrace trace = os::ArrivalTrace::read_file(path, "trace");
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
    os::read_input_file(path, "body_file");
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

void copy_suite_files(const Suite& suite, const fs::path& folder, const fs::path& directory) {
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
