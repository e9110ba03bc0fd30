#include "harness/rounds/server_under_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/suite/plan.h"

namespace fanin {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> command_for(const std::string& server, int idle) {
  Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":1,"name":"t","repetitions":1,"servers":[],
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

}  // namespace
}  // namespace fanin
