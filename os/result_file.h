#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/descriptor.h"

namespace fanin::os {

// The file of a result. Opened before the run, so that an unwritable path fails early. A regular file is replaced
// atomically: a temporary file next to it is written and renamed. Pipes, terminals and devices are written in place.
// "-" is standard output.
class ResultFile {
 public:
  // `option` named it. Throws std::runtime_error with the path and advice (no permission, no such directory).
  explicit ResultFile(const std::string& path, std::string option = "--json");
  // Removes the temporary file if nothing was written.
  ~ResultFile();
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;

  // Call it once. Throws as the constructor does (disk full); run_program() handles errors of standard output.
  void write(std::string_view text);

 private:
  void open(const std::string& path);

  std::string option_;
  std::string what_;
  std::string path_;       // with symbolic links followed
  std::string temporary_;  // empty: written to in place
  net::Descriptor owned_;
  int fd_;
};

// The file that `option` named for output; null if `path` is empty. Throws as its constructor, and
// std::invalid_argument if the path is one of `inputs`, which it would replace, or standard output.
std::unique_ptr<ResultFile> open_result_file(const std::string& path, const std::string& option,
                                             const std::vector<std::string>& inputs);

}  // namespace fanin::os
