#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/machine/headroom.h"

namespace fanin::harness {

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

}  // namespace fanin::harness
