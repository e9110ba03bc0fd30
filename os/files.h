#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include "net/descriptor.h"

namespace fanin::os {

// A file that the user named, and its content when the command line was parsed.
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
// file may change during a run. Waits for the writer of a pipe; any signal ends the wait, even if its handler returns.
// Refuses directories, devices, sockets, and files that are empty or longer than the limit. Throws
// std::invalid_argument with one line, "OPTION PATH: what is wrong: what to do"; `option` may be empty.
InputFile read_input_file(const std::string& path, std::string_view option, const InputLimits& limits = {});

// Opens a file that the user named for output; `flags` as for open(2), in addition to O_WRONLY. Refuses disks and other
// devices (except terminals, /dev/null and /dev/full) and named pipes without a reader, for which open(2) would wait.
// The descriptor is non-blocking: write to it with write_bytes(). Throws std::system_error that begins with `what`.
net::Descriptor open_output_file(const std::string& path, int flags, const std::string& what);

// Throws std::runtime_error: the error, and the advice to give another file with `option`. Throws the error itself if
// no descriptor was left, since another file would not help.
[[noreturn]] void fail_output(const std::system_error& error, std::string_view option);

// Whether two names mean one file or pipe; "-" is standard output. False for terminals, devices and missing files.
bool is_same_output(const std::string& a, const std::string& b);

struct Written {
  std::size_t bytes = 0;
  int error = 0;  // errno; 0: all bytes were written
};

enum class Wait { kNo, kUntilTaken };

// Writes to any descriptor, blocking or not: all bytes, or those that it takes without waiting. A handled signal ends
// the wait for the reader of a pipe, with EINTR.
Written write_bytes(int fd, std::string_view bytes, Wait wait) noexcept;

// Replaces the file in one step, so that a reader, or a full disk, never sees half of it. Throws std::system_error.
void write_file_atomically(const std::string& path, const std::string& text);

// Writes all of it and syncs the file. Returns the errno of a failure, or 0.
int write_and_sync(int fd, std::string_view text);

// Throws std::system_error: "cannot write PATH: ...".
[[noreturn]] void throw_cannot_write(const std::string& path, int error);

}  // namespace fanin::os
