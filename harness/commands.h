#pragma once

namespace fanin::harness {

// Runs the command of `fanin` that the arguments name (docs/command-line.md) and returns its exit code; a wrong command
// line is answered with one line on stderr. What goes wrong later is thrown as a standard exception whose text is one
// line for the user.
int run_command_line(int argc, char** argv);

}  // namespace fanin::harness
