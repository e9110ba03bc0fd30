#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string_view>

namespace fanin {

inline constexpr int kExitBadInput = 2;
inline constexpr int kExitReaderGone = 141;  // 128 + SIGPIPE, as a shell reports it

// What main() of every program returns. Prints what `body` throws as one line on standard error and then returns 2.
// Also returns 2, with a line, where standard output did not take all that was printed (closed, disk full), and 141
// without one where its reader has gone. Beyond the limit on a file's size writes then fail, without a signal; a limit
// on the stack below `stack_bytes` is refused. Standard descriptors that are closed are occupied first, so
// that no file gets their numbers. Call it once.
int run_program(std::string_view name, const std::function<int()>& body,
                std::size_t stack_bytes = std::size_t{64} << 10) noexcept;

// Prints to standard output or error and flushes. Never throws: a text that cannot be printed is no reason to lose a
// result. Returns false where it could not; run_program() then tells the user about standard output.
bool print_text(std::FILE* file, std::string_view text) noexcept;

// What was written to standard output by another way than print_text() was not taken, by errno: run_program() tells the
// user of the first one.
void note_output_error(int error) noexcept;

// "NAME: TEXT" on standard error, in one line whatever is in the text. Never throws.
void print_error(std::string_view name, std::string_view text) noexcept;

}  // namespace fanin
