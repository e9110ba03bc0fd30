// fanin: runs suites, compares runs, shows the machine.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "harness/commands.h"

int main(int argc, char** argv) {
  try {
    return fanin::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fanin: {}\n", error.what());
    return 2;
  }
}
