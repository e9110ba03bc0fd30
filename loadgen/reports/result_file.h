#pragma once

#include <string>
#include <string_view>

#include "net/descriptor.h"

namespace fanin::load {

// Where a result goes. Opened before the run, so that a place which cannot be written to costs nobody a measurement.
// A regular file is either complete or as it was before: a file beside it is written and renamed. What is not a regular
// file (a pipe, a terminal, a device) is written to as it is. "-" is standard output.
class ResultFile {
 public:
  // Throws std::system_error naming the path (no permission, no such folder).
  explicit ResultFile(const std::string& path);
  // Removes the file beside, if nothing has been written.
  ~ResultFile();
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;

  // Call it once. Throws std::system_error naming the path (disk full); what standard output does not take is left to
  // run_program().
  void write(std::string_view text);

 private:
  std::string what_;
  std::string path_;    // with symbolic links followed
  std::string beside_;  // empty: written to in place
  Descriptor owned_;
  int fd_;
};

}  // namespace fanin::load
