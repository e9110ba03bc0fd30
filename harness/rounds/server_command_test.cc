#include "harness/rounds/server_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/rounds/server_under_test.h"
#include "harness/suite/plan.h"
#include "net/affinity.h"

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> command_for(const std::string& server, int idle) {
  Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"servers":[],
          "experiments":[{"name":"x","servers":["s"],"workload":{"protocol":"echo","connections":100},
                          "sweep":{"parameter":"idle_connections","values":[0]}}]})");
  document["servers"].push_back(Json::parse(server));
  document["experiments"][0]["sweep"]["values"] = {idle};
  const Suite suite = parse_suite(document, "s.json");
  return server_command(suite.servers.front(), make_cells(suite).front().workload, "fanin-server",
                        {.port = 7000, .descriptors = 20'000});
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

// Would catch: a directory that a server's program gets by the name of its placeholder.
TEST(ServerCommand, NamesDirectories) {
  const ServerSpec server{
      .name = "s", .model = {}, .args = {}, .command = {"{share}/a", "{scratch}/b:{build}", "{port}"}};
  const Suite suite = parse_suite(Json::parse(R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,
                      "servers":[{"name":"s","model":"epoll"}],
                      "experiments":[{"name":"x","servers":["s"],"workload":{"protocol":"echo"},
                                      "sweep":{"parameter":"connections","values":[1]}}]})"),
                                  "s.json");
  EXPECT_THAT(server_command(server, make_cells(suite).front().workload, "fanin-server",
                             {.port = 1, .share = "/share", .build = "/B", .scratch = "/S"}),
              ElementsAre("/share/a", "/S/b:/B", "1"));
}

ServerSpec built_server(const std::string& script) {
  return {.name = "s", .model = {}, .args = {}, .command = {"{build}/x"}, .build = {"sh", "-c", script}};
}

// Would catch: a build in every round, which would take longer than the round.
TEST(BuildDirectories, BuildOnceAndRemoveAll) {
  std::string directory;
  {
    BuildDirectories builds;
    const ServerSpec server = built_server("echo {share} >>{build}/log");
    directory = builds.require(server, "/share", {}, -1);
    EXPECT_EQ(builds.require(server, "/share", {}, -1), directory);
    std::string text;
    std::getline(std::ifstream(directory + "/log"), text, '\0');
    EXPECT_EQ(text, "/share\n");
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
}

// Would catch: a failed build whose directory a later round takes for a good one.
TEST(BuildDirectories, SayWhyABuildFailed) {
  BuildDirectories builds;
  const ServerSpec server = built_server("echo no compiler >&2; exit 3");
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      builds.require(server, "", {}, -1);
      ADD_FAILURE() << "accepted";
    } catch (const RoundFailure& failure) {
      EXPECT_STREQ(failure.what(), "its build command ended with exit code 3: no compiler");
    }
  }
}

// Would catch: files of a server that stay behind, or that it shares with the next one.
TEST(ServerUnderTest, HasAScratchDirectoryOfItsOwn) {
  const ServerSpec server{.name = "s",
                          .model = {},
                          .args = {},
                          .command = {"sh", "-c", "echo {port} >{scratch}/port; echo {scratch}; exec sleep 60"}};
  const Suite suite = parse_suite(Json::parse(R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,
                      "servers":[{"name":"s","model":"epoll"}],
                      "experiments":[{"name":"x","servers":["s"],"workload":{"protocol":"echo"},
                                      "sweep":{"parameter":"connections","values":[1]}}]})"),
                                  "s.json");
  std::string directory;
  {
    ServerUnderTest under_test(server, make_cells(suite).front().workload,
                               {.program = "", .cpus = net::allowed_cpus()});
    os::ChildProcess& process = under_test.process();
    os::wait_until({&process}, -1, -1, net::now() + std::chrono::seconds(60),
                   [&] { return process.out().has_first_line(); });
    directory = process.out().first_line();
    EXPECT_TRUE(std::filesystem::exists(directory + "/port")) << directory;
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
}

}  // namespace
}  // namespace fanin::harness
