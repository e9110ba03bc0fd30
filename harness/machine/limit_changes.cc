#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "harness/json/json_reader.h"
#include "harness/machine/doctor.h"
#include "net/descriptor.h"
#include "os/files.h"
#include "os/procfs.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;

constexpr int kStateVersion = 1;

// What judge() raises. A value has `numbers` numbers in ascending order, each in the range.
struct Knob {
  std::string_view name;
  std::size_t numbers;
  std::uint64_t least;
  std::uint64_t most;
};
constexpr std::array kKnobs{Knob{"fs.nr_open", 1, 8, INT32_MAX},
                            Knob{"fs.file-max", 1, 1, INT64_MAX},
                            Knob{"fs.epoll.max_user_watches", 1, 0, INT64_MAX},
                            Knob{"net.ipv4.ip_local_port_range", 2, 1, 65535},
                            Knob{"net.core.somaxconn", 1, 0, INT32_MAX},
                            Knob{"net.ipv4.tcp_max_syn_backlog", 1, 0, INT32_MAX},
                            Knob{"net.ipv4.tcp_mem", 3, 0, INT64_MAX},
                            Knob{"net.netfilter.nf_conntrack_max", 1, 0, INT32_MAX},
                            Knob{"kernel.threads-max", 1, 1, INT32_MAX},
                            Knob{"kernel.pid_max", 1, 301, 4'194'304}};

// Throws if a user other than root and this one can write `path`, or replace it.
void require_own_place(const std::string& path) {
  const fs::path real = fs::weakly_canonical(path);
  for (fs::path part = real; part != part.parent_path(); part = part.parent_path()) {
    struct stat info {};
    if (::lstat(part.c_str(), &info) != 0) {
      continue;  // is not there yet
    }
    const bool sticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
    const bool foreign = info.st_uid != 0 && info.st_uid != ::geteuid();
    if (foreign || ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky)) {
      throw std::invalid_argument(fmt::format(
          "{}: others can write {}, and would say what is set: set XDG_STATE_HOME to a directory of your own", path,
          part.string()));
    }
  }
}

// As the kernel writes values of several numbers: with a tab between.
std::string with_blanks_as_tabs(std::string value) {
  std::replace(value.begin(), value.end(), ' ', '\t');
  return value;
}

std::string tabs_to_blanks(std::string value) {
  std::replace(value.begin(), value.end(), '\t', ' ');
  return value;
}

}  // namespace

bool is_doctors_value(const std::string& name, const std::string& value) {
  const auto* knob = std::find_if(kKnobs.begin(), kKnobs.end(), [&](const Knob& each) { return each.name == name; });
  if (knob == kKnobs.end()) {
    return false;
  }
  std::istringstream words(value);
  std::size_t numbers = 0;
  std::uint64_t last = knob->least;
  for (std::string word; words >> word; ++numbers) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size() || number < last || number > knob->most) {
      return false;
    }
    last = number;
  }
  return numbers == knob->numbers;
}

LimitChanges::LimitChanges(std::string root, std::string state_file)
    : root_(std::move(root)), state_file_(std::move(state_file)) {}

LimitChanges::Outcome LimitChanges::apply(std::span<const Setting> settings) {
  Outcome outcome;
  if (settings.empty()) {
    return outcome;
  }
  Values originals = read_state();
  for (const Setting& setting : settings) {
    if (const auto value = current(setting.name)) {
      originals.emplace(setting.name, *value);  // an older original stays
    }
  }
  write_state(originals);
  for (const Setting& setting : settings) {
    set(setting.name, setting.value, outcome);
  }
  return outcome;
}

LimitChanges::Outcome LimitChanges::undo() {
  Outcome outcome;
  for (const auto& [name, value] : read_state()) {
    set(name, value, outcome);
  }
  if (outcome.complete) {
    fs::remove(state_file_);
  }
  return outcome;
}

LimitChanges::Values LimitChanges::read_state() const {
  Values values;
  require_own_place(state_file_);
  if (!fs::exists(state_file_)) {
    return values;
  }
  const Json state = load_json(state_file_);
  const JsonReader reader(state, state_file_);
  reader.at("schema_version").only_version(kStateVersion, "remove it");
  const JsonReader originals = reader.at("originals");
  if (!originals.value().is_object()) {
    originals.fail("must be an object");
  }
  for (const auto& [name, unused] : originals.value().items()) {
    const JsonReader original = originals.at(name);
    if (!is_doctors_value(name, original.text())) {
      original.fail("the doctor has not written this: remove it, or the file where all is well");
    }
    values.emplace(name, original.text());
  }
  return values;
}

void LimitChanges::write_state(const Values& originals) const {
  const mode_t others = ::umask(S_IRWXG | S_IRWXO);
  std::error_code ignored;  // the file that cannot be written says it better
  fs::create_directories(fs::path(state_file_).parent_path(), ignored);
  ::umask(others);
  const Json state{{"schema", "fanin-doctor-state"}, {"schema_version", kStateVersion}, {"originals", originals}};
  os::write_file_atomically(state_file_, state.dump(2) + "\n");
}

std::string LimitChanges::path_of(const std::string& name) const {
  std::string path = name;
  std::replace(path.begin(), path.end(), '.', '/');
  return root_ + "/proc/sys/" + path;
}

std::optional<std::string> LimitChanges::current(const std::string& name) const {
  const auto value = os::read_trimmed(path_of(name));
  return value && !value->empty() ? std::optional(with_blanks_as_tabs(*value)) : std::nullopt;
}

void LimitChanges::set(const std::string& name, const std::string& value, Outcome& outcome) const {
  const auto before = current(name);
  if (!before) {
    outcome.lines.push_back(fmt::format("{} stays as it is: cannot read it: {}", name, std::strerror(errno)));
    outcome.complete = false;
    return;
  }
  if (*before == with_blanks_as_tabs(value)) {
    outcome.lines.push_back(fmt::format("{} is {} already", name, tabs_to_blanks(value)));
    return;
  }
  const net::Descriptor file(::open(path_of(name).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  const std::string line = value + "\n";
  if (!file || ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    outcome.lines.push_back(
        fmt::format("{} stays {}: cannot set it: {}", name, tabs_to_blanks(*before), std::strerror(errno)));
    outcome.complete = false;
    return;
  }
  outcome.lines.push_back(fmt::format("{} was {}, is {} now", name, tabs_to_blanks(*before), tabs_to_blanks(value)));
}

std::string default_state_file() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') {
    return fmt::format("{}/fanin/doctor.json", state);
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw std::invalid_argument("there is no place for the old values: set HOME or XDG_STATE_HOME");
  }
  return fmt::format("{}/.local/state/fanin/doctor.json", home);
}

}  // namespace fanin::harness
