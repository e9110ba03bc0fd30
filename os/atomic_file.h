#pragma once

#include <string>
#include <string_view>

namespace fanin {

// Replaces the file in one step, so that a reader, or a full disk, never sees half of it. Throws std::system_error.
void write_file_atomically(const std::string& path, const std::string& text);

// Writes all of it and syncs the file. Returns the errno of the failure, 0 where all went well.
int write_and_sync(int fd, std::string_view text);

// Throws std::system_error: "cannot write PATH: ...".
[[noreturn]] void throw_cannot_write(const std::string& path, int error);

}  // namespace fanin
