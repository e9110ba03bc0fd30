// fanin: runs suites, compares runs, shows the machine.
#include <cstddef>

#include "harness/commands.h"
#include "os/program.h"

int main(int argc, char** argv) {
  constexpr std::size_t kStackBytes = std::size_t{256} << 10;  // documents are copied and written by recursion
  return fanin::run_program(
      "fanin", [&] { return fanin::harness::run_command_line(argc, argv); }, kStackBytes);
}
