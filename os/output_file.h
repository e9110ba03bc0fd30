#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include "net/descriptor.h"

namespace fanin {

// Opens a file that the user named for output; `flags` as for open(2), beside O_WRONLY. Refuses disks and other devices
// (but terminals, /dev/null and /dev/full) and named pipes that nobody reads, at which open(2) would wait. The
// descriptor is non-blocking: write to it with write_bytes(). Throws std::system_error that begins with `what`.
Descriptor open_output_file(const std::string& path, int flags, const std::string& what);

// Throws std::runtime_error: the error and the advice to give another file with `option`. Throws the error itself where
// descriptors have run out, which is no fault of the file.
[[noreturn]] void fail_output(const std::system_error& error, std::string_view option);

// Whether two names, of which "-" is standard output, mean one file or pipe; one may be of an input. False for
// terminals and devices, and where one of them does not exist.
bool is_same_output(const std::string& a, const std::string& b);

struct Written {
  std::size_t bytes = 0;
  int error = 0;  // errno of what ended it early; 0: nothing
};

enum class Wait { kNo, kUntilTaken };

// Writes to any descriptor, blocking or not, as much as is taken without waiting, or all of it. A handled signal ends
// the wait for the reader of a pipe, with EINTR.
Written write_bytes(int fd, std::string_view bytes, Wait wait) noexcept;

}  // namespace fanin
