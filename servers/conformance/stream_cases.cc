// A byte stream has no message boundaries: requests arrive in any pieces.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "servers/conformance/cases.h"
#include "servers/conformance/client.h"
#include "servers/conformance/target.h"

namespace fanin::conformance {
namespace {

constexpr std::size_t kShortRequest = 12;

// Would catch: wrong replies, lost or extra bytes, or counters that disagree with the clients.
void round_trips(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (std::uint32_t number = 0; number < 3; ++number) {
    Client client(server.address(), *protocol, number);
    round_trip(client);
    if (!protocol->one_request_per_connection()) {
      round_trip(client, 2);
    }
    sent += client.bytes_sent();
    received += client.bytes_received();
  }
  const Counters counters = server.stop();
  EXPECT_EQ(counters.get("connections", "accepted"), 3u);
  EXPECT_EQ(counters.refused(), 0u);
  EXPECT_EQ(counters.get("bytes", "received"), sent);
  if (!target.setup.broadcasts) {  // a member that has just left may still get output
    EXPECT_EQ(counters.get("bytes", "sent"), received);
  }
}

// Would catch: the server treats one read as one request. The request is cut at every point, and the server has read
// the first part before the second is sent.
void every_split(const Target& target) {
  const auto protocol = target.client_half(kShortRequest);
  RunningServer server(target);
  const std::size_t cuts = protocol->request_bytes() - 1;
  const std::size_t group = target.at_once(cuts);
  for (std::size_t first = 0; first < cuts; first += group) {
    auto clients = connect_many(std::min(group, cuts - first), server.address(), *protocol);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].ask();
      clients[i].send_some(first + i + 1);
    }
    wait_until_read(clients, server.address());
    drive(clients, "the second part", [](const Client& client) { return client.answered_all(); });
  }
  server.stop();
}

// Would catch: a server that needs a whole request in one read.
void one_byte_at_a_time(const Target& target) {
  const auto protocol = target.client_half(kShortRequest);
  RunningServer server(target);
  std::array<Client, 1> client{Client(server.address(), *protocol, 0)};
  client[0].ask();
  while (!client[0].sent_all()) {
    client[0].send_some(1);
    wait_until_read(client, server.address());
  }
  drive(client[0], "the reply to a trickle", [](const Client& c) { return c.answered_all(); });
  server.stop();
}

// Would catch: buffer arithmetic for large reads only, and edge-triggered servers that stop before EAGAIN: the server
// reads a byte at a time.
void tiny_reads(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target, {.options = {"--read-cap", "1"}});
  Client client(server.address(), *protocol, 0);
  round_trip(client, protocol->one_request_per_connection() ? 1 : 5);
  server.stop();
}

// Would catch: one answer per read, or replies dropped because the reply buffer is full.
void pipelined_requests(const Target& target) {
  const auto protocol = target.client_half();
  RunningServer server(target);
  Client client(server.address(), *protocol, 0);
  round_trip(client, target.setup.burst);  // 4000 are 250 KB, several times every buffer of the server
  round_trip(client, 1);
  server.stop();
}

// Would catch: a server that waits for a whole message before it reads on, stops sending when the socket is full, or
// (edge-triggered) does not drain: client and server write and read at the same time.
void large_message(const Target& target) {
  const auto protocol = target.client_half(1 << 20);
  RunningServer server(target);
  Client client(server.address(), *protocol, 0);
  round_trip(client);
  server.stop();
}

}  // namespace

std::span<const Case> stream_cases() {
  static constexpr Case kCases[] = {
      {"RoundTrips", true, is_any, round_trips},
      {"EverySplit", true, has_requests, every_split},
      {"OneByteAtATime", true, has_requests, one_byte_at_a_time},
      {"TinyReads", true, has_requests, tiny_reads},
      {"PipelinedRequests", true, keeps_connections, pipelined_requests},
      {"LargeMessage", true, has_requests, large_message},
  };
  return kCases;
}

// Bad set-up: one clear line and exit status 2.

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

// A foreign program can talk to the server.

namespace {

bool is_on_path(const char* program) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(path == nullptr ? "" : path);
  std::string directory;
  while (std::getline(directories, directory, ':')) {
    if (::access(fmt::format("{}/{}", directory, program).c_str(), X_OK) == 0) {
      return true;
    }
  }
  return false;
}

// Would catch: a reply that only the project's own client understands.
void netcat(const Target& target) {
  if (!is_on_path("nc")) {
    GTEST_SKIP() << "there is no nc on PATH";
  }
  const auto protocol = target.client_half();
  RunningServer server(target);
  ChildProcess nc({.program = "nc", .arguments = {server.address().host(), std::to_string(server.address().port())}});
  protocols::ClientState state;
  std::string request;
  protocol->append_request(state, request);
  nc.write_input(request);
  if (protocol->one_request_per_connection()) {
    nc.close_input();  // so that nc exits after the server's close
  }
  const Deadline deadline;
  std::string replies;
  while (state.completed < state.sent) {
    const std::string part = nc.read_some(deadline);
    replies += part;
    const protocols::ReplyOutcome outcome =
        part.empty() ? protocol->end_of_stream(state) : protocol->consume(state, part);
    ASSERT_FALSE(outcome.mismatch) << replies << nc.errors();
  }
  nc.send_signal(SIGKILL);
  nc.wait(Deadline());
  server.stop();
}

bool answers(const Target& target) { return !target.client_half()->half_closes(); }

}  // namespace

std::span<const Case> netcat_cases() {
  static constexpr Case kCases[] = {
      {"Netcat", false, answers, netcat},
  };
  return kCases;
}

}  // namespace fanin::conformance
