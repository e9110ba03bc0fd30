#pragma once

#include <string>
#include <string_view>

#include "net/descriptor.h"

namespace fanin::load {

// The file of a result. Opened before the run, so that an unwritable path fails early. A regular file is replaced
// atomically: a temporary file next to it is written and renamed. Pipes, terminals and devices are written in place.
// "-" is standard output.
class ResultFile {
 public:
  // Throws std::runtime_error with the path and advice (no permission, no such directory).
  explicit ResultFile(const std::string& path);
  // Removes the temporary file if nothing was written.
  ~ResultFile();
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;

  // Call it once. Throws as the constructor does (disk full); run_program() handles errors of standard output.
  void write(std::string_view text);

 private:
  void open(const std::string& path);

  std::string what_;
  std::string path_;       // with symbolic links followed
  std::string temporary_;  // empty: written to in place
  Descriptor owned_;
  int fd_;
};

}  // namespace fanin::load
