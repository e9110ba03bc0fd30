// Bad set-up: one clear line and exit status 2.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
namespace {

// Every protocol, because a session has its frames on the stack, too.
bool fits_a_small_stack(const Subject& /*subject*/) { return !kSanitized; }

// The line must name the `culprit`, and do nothing to a terminal.
void expect_one_line_and_status_2(const ChildStart& command, const std::string& culprit) {
  ChildProcess server(command);
  EXPECT_EQ(server.wait(Deadline()), "exit status 2");
  const std::string errors = server.errors();
  EXPECT_EQ(errors.rfind("fanin-server: ", 0), 0u) << errors;
  EXPECT_NE(errors.find(culprit), std::string::npos) << errors;
  EXPECT_EQ(errors.find_first_of("\x1b\n\xff"), errors.size() - 1) << errors;
  EXPECT_EQ(server.read_all(Deadline()), "") << "nothing is ready, so nothing may be printed that a harness reads";
}

// Would catch a server that dies of an uncaught exception, or says READY on a port that is another's.
void port_in_use(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer owner(subject);
  const std::string port = std::to_string(owner.address().port());
  expect_one_line_and_status_2(server_command(subject, {.options = {"--port", port}}), port);
  expect_service(owner.address(), *protocol);
  owner.stop();
}

// Would catch a protocol name that is only looked up when the first connection comes.
void unknown_protocol(const Subject& subject) {
  const std::string name = "no-such-protocol";
  expect_one_line_and_status_2(
      {.program = subject.server_program, .arguments = {subject.model.name, "--protocol", name}}, name);
}

// Would catch exit status 0 where nobody has got the list, the READY line or the help.
void full_standard_output(const Subject& subject) {
  for (const std::string& command : {std::string("list"), std::string("--help"), subject.model.name}) {
    expect_one_line_and_status_2({.program = subject.server_program, .arguments = {command}, .output = "/dev/full"},
                                 "No space left on device");
  }
}

// Would catch terminal sequences in the line that says what is wrong.
void names_that_are_not_printable(const Subject& subject) {
  expect_one_line_and_status_2({.program = subject.server_program, .arguments = {"\x1b[2J\n\xff"}}, "\\x1b[2J\\n\\xff");
  expect_one_line_and_status_2(server_command(subject, {.options = {"--bind", "\x1b[2J\n\xff"}}), "\\x1b[2J\\n\\xff");
}

// Would catch a NaN, or an infinite number, that gets through the check of a range: every comparison with NaN is false.
void numbers_that_are_none(const Subject& subject) {
  for (const char* text : {"nan", "-nan", "inf", "-inf", "1e999"}) {
    expect_one_line_and_status_2({.program = subject.server_program,
                                  .arguments = {subject.model.name, "--protocol", "work", "--work-share", text}},
                                 "--work-share");
    expect_one_line_and_status_2(
        {.program = subject.server_program, .arguments = {subject.model.name, "--drain-timeout", text}}, text);
  }
}

// Would catch a large local variable, which ends a server with SIGSEGV under a small `ulimit -s`; the stacks of threads
// are of that size, too.
void small_stack(const Subject& subject) {
  const auto protocol = subject.client_half();
  RunningServer server(subject, {.stack_limit = 64 * 1024});
  auto clients = connect_many(subject.at_once(5), server.address(), *protocol);
  converse(clients);
  server.stop();
}

}  // namespace

std::span<const Case> setup_cases() {
  static constexpr Case kCases[] = {
      {"PortInUse", false, is_home, port_in_use},
      {"UnknownProtocol", false, is_home, unknown_protocol},
      {"FullStandardOutput", false, is_home, full_standard_output},
      {"NamesThatAreNotPrintable", false, is_home, names_that_are_not_printable},
      {"NumbersThatAreNone", false, is_home, numbers_that_are_none},
      {"SmallStack", false, fits_a_small_stack, small_stack},
  };
  return kCases;
}

}  // namespace fanin::conformance
