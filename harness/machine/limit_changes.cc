#include "harness/machine/limit_changes.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "harness/machine/procfs.h"
#include "harness/rounds/rounds_log.h"
#include "harness/suite/json_reader.h"
#include "net/descriptor.h"

namespace fanin {
namespace {

namespace fs = std::filesystem;

constexpr int kStateVersion = 1;

// As the kernel writes values of several numbers: with a tab between.
std::string with_blanks_as_tabs(std::string value) {
  std::replace(value.begin(), value.end(), ' ', '\t');
  return value;
}

std::string shown(std::string value) {
  std::replace(value.begin(), value.end(), '\t', ' ');
  return value;
}

}  // namespace

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
  if (!fs::exists(state_file_)) {
    return values;
  }
  const Json state = load_json(state_file_);
  const JsonReader reader(state, state_file_);
  reader.at("schema_version").only_version(kStateVersion);
  const JsonReader originals = reader.at("originals");
  if (!originals.value().is_object()) {
    originals.fail("must be an object");
  }
  for (const auto& [name, unused] : originals.value().items()) {
    values.emplace(name, originals.at(name).text());
  }
  return values;
}

void LimitChanges::write_state(const Values& originals) const {
  std::error_code ignored;  // the file that cannot be written says it better
  fs::create_directories(fs::path(state_file_).parent_path(), ignored);
  const Json state{{"schema", "fanin-doctor-state"}, {"schema_version", kStateVersion}, {"originals", originals}};
  write_file_atomically(state_file_, state.dump(2) + "\n");
}

std::string LimitChanges::path_of(const std::string& name) const {
  std::string path = name;
  std::replace(path.begin(), path.end(), '.', '/');
  return root_ + "/proc/sys/" + path;
}

std::optional<std::string> LimitChanges::current(const std::string& name) const {
  const auto value = read_trimmed(path_of(name));
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
    outcome.lines.push_back(fmt::format("{} is {} already", name, shown(value)));
    return;
  }
  const Descriptor file(::open(path_of(name).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  const std::string line = value + "\n";
  if (!file || ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    outcome.lines.push_back(fmt::format("{} stays {}: cannot set it: {}", name, shown(*before), std::strerror(errno)));
    outcome.complete = false;
    return;
  }
  outcome.lines.push_back(fmt::format("{} was {}, is {} now", name, shown(*before), shown(value)));
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

}  // namespace fanin
