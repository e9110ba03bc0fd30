#include "servers/options.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace fanin::server {
namespace {

// What the user of fanin-server is told of these arguments.
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

// Would catch: --port 5 passed over beside --listen, so that the server is where nobody looks for it.
TEST(ServerCommandLine, WhatWouldBePassedOverIsRefused) {
  const std::string two_places = "--listen and --bind or --port contradict each other: give the one or the other";
  EXPECT_EQ(refusal({"epoll", "--listen", "127.0.0.1:0", "--port", "5"}), two_places);
  EXPECT_EQ(refusal({"epoll", "--listen", "127.0.0.1:0", "--bind", "127.0.0.1"}), two_places);
  EXPECT_EQ(refusal({"epoll", "--listen", "127.0.0.1:0", "--listen", "unix:@a", "--port", "0"}), "taken");
  EXPECT_EQ(refusal({"epoll", "--work", "1us", "--work-loops", "5"}),
            "--work and --work-loops contradict each other: give one");
  EXPECT_EQ(refusal({"epoll", "--work", "1us", "--work-loops", "0"}), "taken");
  EXPECT_NE(refusal({"nonblocking", "--sleep", "1ms"}), "taken");
  EXPECT_EQ(refusal({"nonblocking", "--idle-strategy", "sleep", "--sleep", "1ms"}), "taken");
  EXPECT_NE(refusal({"epoll", "--steer", "source-ip"}), "taken");
  // A suite computes how many there are.
  EXPECT_EQ(refusal({"epoll", "--steer", "source-ip", "--processes", "1"}), "taken");
  EXPECT_NE(refusal({"epoll", "--json"}), "taken");
  EXPECT_EQ(refusal({"list", "--json"}), "taken");
}

}  // namespace
}  // namespace fanin::server
