#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "net/descriptor.h"

namespace fanin::harness {

// The file of finished rounds, one JSON line each, appended and synced before the next round begins: a crash loses the
// round in hand and nothing else. Owns the file; one thread.
class RoundsLog {
 public:
  // Creates the file, or opens it to go on. Throws std::system_error naming the path.
  explicit RoundsLog(const std::string& path);

  // Throws std::system_error naming the path (disk full, input/output error, file removed); what was written before
  // stays whole.
  void append(const Json& round);
  // Whether the file was removed after it was opened, and all rounds with it.
  bool is_removed() const noexcept;

  // The rounds of a file. A last line that was cut off by a crash is removed from the file. Any other line that fails
  // check_round(), repeats another or fails `check_belongs`, which throws as JsonReader::fail() does, is an error:
  // std::invalid_argument with file, line and place, and what to do.
  static std::vector<Json> recover(const std::string& path,
                                   const std::function<void(const JsonReader&)>& check_belongs);

 private:
  std::string path_;
  Descriptor file_;
};

}  // namespace fanin::harness
