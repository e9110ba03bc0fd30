#include "servers/options.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::server {
namespace {

// The error message for these arguments.
std::string refusal(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "fanin-server");
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  ServerCommand command;
  try {
    parse_command(static_cast<int>(argv.size()), argv.data(), command);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

// Would catch: --listen hides --port 5, so the server listens on another port than the user expects.
TEST(ServerCommandLine, RefusesOptionsWithoutEffect) {
  const std::string two_places = "--listen and --bind or --port contradict each other: give one";
  EXPECT_EQ(refusal({"epoll", "--listen", "127.0.0.1:0", "--port", "5"}), two_places);
  EXPECT_EQ(refusal({"epoll", "--listen", "127.0.0.1:0", "--bind", "127.0.0.1"}), two_places);
  EXPECT_EQ(refusal({"epoll", "--listen", "127.0.0.1:0", "--listen", "unix:@a", "--port", "0"}), "taken");
  EXPECT_EQ(refusal({"epoll", "--work", "1us", "--work-loops", "5"}),
            "--work and --work-loops contradict each other: give one");
  EXPECT_EQ(refusal({"epoll", "--work", "1us", "--work-loops", "0"}), "taken");
  EXPECT_NE(refusal({"nonblocking", "--sleep", "1ms"}), "taken");
  EXPECT_EQ(refusal({"nonblocking", "--idle-strategy", "sleep", "--sleep", "1ms"}), "taken");
  EXPECT_NE(refusal({"epoll", "--steer", "source-ip"}), "taken");
  // A suite computes the number of processes, which may be 1.
  EXPECT_EQ(refusal({"epoll", "--steer", "source-ip", "--processes", "1"}), "taken");
  EXPECT_NE(refusal({"epoll", "--json"}), "taken");
  EXPECT_EQ(refusal({"list", "--json"}), "taken");
}

// Would catch: an option in the row of a protocol that the command line does not take.
TEST(ServerCommandLine, TakesTheOptionsOfAllProtocols) {
  for (const protocols::Protocol& protocol : protocols::registry()) {
    for (const protocols::ServerOption& option : protocol.server_options) {
      const bool is_duration =
          std::holds_alternative<net::Nanoseconds protocols::ServerProtocolOptions::*>(option.place);
      EXPECT_EQ(refusal({"epoll", fmt::format("--{}", option.name), is_duration ? "1ms" : "1"}), "taken");
    }
  }
}

// Would catch: a reply that exceeds the reply limit of a connection; bounds of a row that are not checked.
TEST(ServerCommandLine, ChecksTheBoundsOfProtocolOptions) {
  EXPECT_EQ(refusal({"epoll", "--suffix", std::string(4097, 'x')}), "--suffix has 4097 bytes: give at most 4096");
  EXPECT_EQ(refusal({"epoll", "--reply", std::string(4096, 'x')}), "taken");
  EXPECT_EQ(refusal({"epoll", "--reply-bytes", "0"}), "--reply-bytes 0 is out of range: give 1 to 1073741824");
  EXPECT_NE(refusal({"epoll", "--work-share", "1.1"}), "taken");
}

}  // namespace
}  // namespace fanin::server
