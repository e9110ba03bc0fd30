#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"

namespace fanin::harness {

// A value of /proc/sys by the name that sysctl knows it by.
struct Setting {
  std::string name;
  std::string value;
};

// Descriptors of a process in addition to its connections: standard streams, listeners, epoll, control, a reserve.
inline constexpr int kOtherDescriptors = 16;

// One limit compared with what the wanted connections require.
struct Finding {
  enum class Status {
    kOk,
    kTooLow,   // the connections do not fit
    kSlow,     // they fit, but connecting is slow
    kUnknown,  // could not be read
    kInfo,     // does not limit the number of connections
  };

  std::string name;
  Status status = Status::kUnknown;
  MachineLimits::Number current;   // MachineLimits::kUnlimited: no limit
  MachineLimits::Number required;  // empty: no number follows from the connections
  std::string note;                // what the numbers mean
  std::optional<Setting> raise;
  std::string command;  // for the user, to raise it
};

// Whether a number of connections between two local processes, or groups of them, fits on a machine.
struct Headroom {
  std::uint64_t connections = 0;
  // Processes that the server needs so that each stays below its descriptor limit; empty: no number suffices.
  MachineLimits::Number server_processes;
  std::vector<Finding> findings;

  bool fits() const;
  // The limits that are too low, with their current and required values; empty: the connections fit.
  std::string obstacle() const;
};

Headroom judge(const MachineLimits& limits, std::uint64_t connections);

// The maximum number of connections that fit.
std::uint64_t find_max_connections(const MachineLimits& limits);

// How many server processes (--processes) hold `connections` if each may have `descriptors`. The kernel distributes
// connections by a hash, so the shares are binomial; six standard deviations are left free. Empty if no number of
// processes that fanin-server accepts suffices.
std::optional<std::uint64_t> count_processes(std::uint64_t connections, std::uint64_t descriptors);

// Sets values of /proc/sys and puts them back: those that judge() may raise, and no others. What a value was before the
// first change stands in a file before anything is changed, so that an interrupted change can be undone, and a second
// one does not take the first one's values for the machine's own. One thread.
class LimitChanges {
 public:
  // `root` is "" but in tests; the state file's folder is made when it is needed.
  LimitChanges(std::string root, std::string state_file);

  struct Outcome {
    std::vector<std::string> lines;  // for the user, one for each value
    bool complete = true;            // false where a value could not be set
  };

  // Throws std::system_error where the state file cannot be written; then nothing has been changed. Throws
  // std::invalid_argument where there is one that cannot be read, that holds what the doctor does not write, or where
  // others than root and this user can write in its place: they would say what root sets.
  Outcome apply(std::span<const Setting> settings);

  // Puts back what the state file holds, and removes it when all is as it was. Throws std::invalid_argument as apply()
  // does; then nothing has been changed.
  Outcome undo();

 private:
  using Values = std::map<std::string, std::string>;

  Values read_state() const;
  void write_state(const Values& originals) const;
  std::string path_of(const std::string& name) const;
  std::optional<std::string> current(const std::string& name) const;  // nothing where it cannot be read
  void set(const std::string& name, const std::string& value, Outcome& outcome) const;

  std::string root_;
  std::string state_file_;
};

// Whether the doctor changes this name of /proc/sys, and the kernel may have had this value there.
bool is_doctors_value(const std::string& name, const std::string& value);

// ${XDG_STATE_HOME:-~/.local/state}/fanin/doctor.json. Throws std::invalid_argument where neither is known.
std::string default_state_file();

struct DoctorOptions {
  std::uint64_t connections = 1'000'000;
  bool fix = false;
  bool undo = false;
  bool as_json = false;
};

// `fanin doctor`: prints whether the connections fit, and raises limits on request. Returns the exit code. Throws what
// LimitChanges throws.
int run_doctor(const DoctorOptions& options);

// A line for each limit, and the verdict. `most` is find_max_connections().
std::string describe_headroom(const Headroom& headroom, std::uint64_t most);

// The same in the shape of results/schema/doctor.schema.json.
Json headroom_json(const Headroom& headroom, std::uint64_t most);

}  // namespace fanin::harness
