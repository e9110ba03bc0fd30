// A foreign program can talk to the server.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "servers/conformance/cases.h"
#include "servers/conformance/running_server.h"

namespace fanin::conformance {
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
  ClientState state;
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
    const ReplyOutcome outcome = part.empty() ? protocol->end_of_stream(state) : protocol->consume(state, part);
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
