#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fanin {

// A file that the user named, and what was in it when the command line was read.
struct InputFile {
  std::string path;
  std::string content;
};

struct InputLimits {
  std::size_t max_bytes = std::size_t{64} << 20;
  bool may_be_empty = false;
  bool may_be_pipe = true;  // a named pipe, or the shell's <(command)
};

// Reads a file to its end. Call it once per file, while options are parsed: a pipe gives its bytes only once, and a
// file may change during a run. Waits for the writer of a pipe; a signal ends the wait, also one whose handler returns.
// Directories, devices and sockets are refused, and so is what is empty or longer than the limit. Throws
// std::invalid_argument with one line, "OPTION PATH: what is wrong: what to do"; `option` may be empty.
InputFile read_input_file(const std::string& path, std::string_view option, const InputLimits& limits = {});

}  // namespace fanin
