// fanin: runs suites, compares runs, shows the machine.
#include "harness/commands.h"
#include "os/program.h"

int main(int argc, char** argv) {
  return fanin::run_program("fanin", [&] { return fanin::run_command_line(argc, argv); });
}
