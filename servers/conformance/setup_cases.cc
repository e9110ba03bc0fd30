// Bad set-up: one clear line and exit status 2.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

// For every protocol: a session also has frames on the stack.
bool fits_a_small_stack(const Target& /*target*/) { return !kSanitized; }

// The line names the `culprit` and has no control characters.
void expect_one_line_and_status_2(const ChildStart& command, const std::string& culprit) {
  ChildProcess server(command);
  EXPECT_EQ(server.wait(Deadline()), "exit status 2");
  const std::string errors = server.errors();
  EXPECT_EQ(errors.rfind("fanin-server: ", 0), 0u) << errors;
  EXPECT_NE(errors.find(culprit), std::string::npos) << errors;
  EXPECT_EQ(errors.find_first_of("\x1b\n\xff"), errors.size() - 1) << errors;
  EXPECT_EQ(server.read_all(Deadline()), "") << "a server that is not ready must print nothing to standard output";
}

// Would catch: an uncaught exception, or READY on another server's port.
void port_in_use(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer owner(target);
  const std::string port = std::to_string(owner.address().port());
  expect_one_line_and_status_2(server_command(target, {.options = {"--port", port}}), port);
  expect_service(owner.address(), *protocol);
  owner.stop();
}

// Would catch: a protocol name looked up only at the first connection.
void unknown_protocol(const Target& target) {
  const std::string name = "no-such-protocol";
  expect_one_line_and_status_2({.program = target.server_program, .arguments = {target.model.name, "--protocol", name}},
                               name);
}

// Would catch: exit status 0 although the list, the READY line or the help was not written.
void full_standard_output(const Target& target) {
  for (const std::string& command : {std::string("list"), std::string("--help"), target.model.name}) {
    expect_one_line_and_status_2({.program = target.server_program, .arguments = {command}, .output = "/dev/full"},
                                 "No space left on device");
  }
}

// Would catch: terminal escape sequences in an error message.
void names_that_are_not_printable(const Target& target) {
  expect_one_line_and_status_2({.program = target.server_program, .arguments = {"\x1b[2J\n\xff"}}, "\\x1b[2J\\n\\xff");
  expect_one_line_and_status_2(server_command(target, {.options = {"--bind", "\x1b[2J\n\xff"}}), "\\x1b[2J\\n\\xff");
}

// Would catch: NaN or infinity passes a range check: every comparison with NaN is false.
void numbers_that_are_none(const Target& target) {
  for (const char* text : {"nan", "-nan", "inf", "-inf", "1e999"}) {
    expect_one_line_and_status_2({.program = target.server_program,
                                  .arguments = {target.model.name, "--protocol", "work", "--work-share", text}},
                                 "--work-share");
    expect_one_line_and_status_2(
        {.program = target.server_program, .arguments = {target.model.name, "--drain-timeout", text}}, text);
  }
}

// Would catch: a large local variable, which ends a server with SIGSEGV under a small `ulimit -s`; thread stacks have
// that size, too.
void small_stack(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.stack_limit = 64 * 1024});
  auto clients = connect_many(target.at_once(5), server.address(), *protocol);
  round_trip(clients);
  server.stop();
}

}  // namespace

std::span<const Case> setup_cases() {
  static constexpr Case kCases[] = {
      {"PortInUse", false, is_default_protocol, port_in_use},
      {"UnknownProtocol", false, is_default_protocol, unknown_protocol},
      {"FullStandardOutput", false, is_default_protocol, full_standard_output},
      {"NamesThatAreNotPrintable", false, is_default_protocol, names_that_are_not_printable},
      {"NumbersThatAreNone", false, is_default_protocol, numbers_that_are_none},
      {"SmallStack", false, fits_a_small_stack, small_stack},
  };
  return kCases;
}

}  // namespace fanin::conformance
