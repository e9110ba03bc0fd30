#include "harness/rounds/server_under_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/suite/plan.h"

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::vector<std::string> command_for(const std::string& server, int idle) {
  Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"servers":[],
          "experiments":[{"name":"x","servers":["s"],"workload":{"protocol":"echo","connections":100},
                          "sweep":{"parameter":"idle_connections","values":[0]}}]})");
  document["servers"].push_back(Json::parse(server));
  document["experiments"][0]["sweep"]["values"] = {idle};
  const Suite suite = parse_suite(document, "s.json");
  return server_command(suite.servers.front(), make_cells(suite).front().workload, "fanin-server", 7000, 20'000);
}

// Would catch: processes counted without the idle connections, or a placeholder that reaches the server.
TEST(ServerCommand, TakesAsManyProcessesAsTheConnectionsNeed) {
  const std::string server = R"({"name":"s","model":"epoll","args":["--processes","{processes}"]})";
  EXPECT_THAT(command_for(server, 1000),
              ElementsAre("fanin-server", "epoll", "--port", "0", "--protocol", "echo", "--processes", "1"));
  EXPECT_EQ(command_for(server, 100'000).back(), "6");
  EXPECT_EQ(command_for(server, 1'000'000).back(), "53");
}

TEST(ServerCommand, PutsTheNumbersIntoAnyCommandLine) {
  EXPECT_THAT(command_for(R"({"name":"s","command":["other","-p{port}","--workers={processes}"]})", 30'000),
              ElementsAre("other", "-p7000", "--workers=2"));
}

// The bug: of a server on a Unix socket alone it was said that its READY line is none.
TEST(ReadyLine, SaysWhereTheServerListens) {
  const auto complaint = [](const std::string& line) -> std::string {
    try {
      parse_ready_line(line);
    } catch (const RoundFailure& failure) {
      return failure.what();
    }
    return "accepted";
  };
  const std::string unix_socket = R"({"path":"@hostile"})";
  const std::string port = R"({"host":"127.0.0.1","port":4711})";
  const auto ready = [](const std::string& addresses) { return R"({"ready":true,"addresses":[)" + addresses + "]}"; };
  EXPECT_EQ(parse_ready_line(ready(unix_socket + "," + port)).port, 4711);
  EXPECT_EQ(parse_ready_line(ready(port)).host, "127.0.0.1");
  EXPECT_THAT(complaint(ready(unix_socket)), StartsWith("the server listens on no TCP port"));
  EXPECT_EQ(complaint("hello"), "the server's first line is no READY line: hello");
  EXPECT_THAT(complaint(R"({"ready":true})"), StartsWith("the server's first line is no READY line"));
}

}  // namespace
}  // namespace fanin::harness
