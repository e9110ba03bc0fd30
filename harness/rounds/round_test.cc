#include "harness/rounds/round.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <system_error>

#include "harness/rounds/server_under_test.h"
#include "harness/suite/plan.h"
#include "net/affinity.h"
#include "net/descriptor.h"

namespace fanin::harness {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// The scripted programs of testdata/ in the place of the real ones: what is tested is what the harness makes of
// failures.
RoundContext scripted_context() {
  RoundContext context;
  context.programs.server = FANIN_TESTDATA "/scripted_server.py";
  context.programs.load = FANIN_TESTDATA "/scripted_load.py";
  context.placement = choose_placement(net::allowed_cpus());
  return context;
}

Suite scripted_suite(const std::string& model, const std::string& mode) {
  Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"warmup":"0s","duration":"10ms",
          "servers":[{"name":"s","model":"m"}],
          "experiments":[{"name":"x","servers":["s"],"workload":{"protocol":"echo"},
                          "sweep":{"parameter":"connections","values":[1]}}]})");
  document["servers"][0]["model"] = model;
  document["experiments"][0]["workload"]["payload"] = mode;
  return parse_suite(document, "s.json");
}

// The first cell of the suite, measured alone.
Json run_alone(const RoundContext& context, const Suite& suite) {
  const Cell cell = make_cells(suite).front();
  return run_unit(context, {{&suite.servers.front(), &cell}}, 1).front();
}

Json run_scripted(const RoundContext& context, const std::string& model, const std::string& mode) {
  const Suite suite = scripted_suite(model, mode);
  return run_alone(context, suite);
}

Json run_scripted(const std::string& model, const std::string& mode) {
  return run_scripted(scripted_context(), model, mode);
}

TEST(Round, ReadsTheServerAtTheBordersOfTheWindow) {
  const Json round = run_scripted("steady", "good");
  EXPECT_EQ(round["status"], "ok") << round["reason"];
  EXPECT_EQ(round["cell"], "x/s/1");
  EXPECT_EQ(round["load"]["requests"]["completed"], 1000);
  const Json& server = round["server"];
  EXPECT_EQ(server["exit_status"], 0);
  EXPECT_EQ(server["processes"], 1);
  EXPECT_EQ(server["threads"], 1);
  EXPECT_GT(server["pss_bytes"], 1'000'000);
  EXPECT_GT(server["ready_ns"], 0);
  EXPECT_GE(server["cpu_ns"], 0);
  EXPECT_GE(server["read_late_ns"], 0);
  EXPECT_TRUE(server["voluntary_switches"].is_number());
  EXPECT_EQ(server["counters"]["connections"]["accepted"], 1);
  EXPECT_TRUE(round["machine"]["cpu_busy_ns"].is_number());
  EXPECT_GE(round["machine"]["netstat"]["Tcp.ActiveOpens"], 1);  // the generator's connection at least
}

// The bug: CPU time of the window divided by replies that came after it as well, which made requests of an overloaded
// open loop look cheap.
TEST(Round, DividesCpuTimeByTheRepliesOfTheWindow) {
  const Json round = run_scripted("steady", "good");  // of 1000 replies 500 came in the window
  const auto half = [](const Json& cpu) { return cpu.get<double>() / 500; };
  EXPECT_DOUBLE_EQ(round["server"]["cpu_per_request_ns"].get<double>(), half(round["server"]["cpu_ns"]));
  EXPECT_DOUBLE_EQ(round["machine"]["cpu_per_request_ns"].get<double>(), half(round["machine"]["cpu_busy_ns"]));
}

// Would catch: CPU readings in a round for memory, whose walk through /proc would be measured as the server's memory.
TEST(Round, ReadsMemoryAloneWhereThatIsTheQuestion) {
  Json document = scripted_suite("steady", "good").document;
  document["experiments"][0]["workload"]["connections"] = 1;
  document["experiments"][0]["sweep"] = {{"parameter", "idle_connections"}, {"values", {0}}};
  const Suite suite = parse_suite(document, "s.json");
  const Json round = run_alone(scripted_context(), suite);
  EXPECT_EQ(round["status"], "ok") << round["reason"];
  EXPECT_GT(round["server"]["pss_bytes"], 0);
  EXPECT_GT(round["server"]["page_table_bytes"], 0);
  EXPECT_TRUE(round["server"]["cpu_ns"].is_null());
  EXPECT_TRUE(round["server"]["voluntary_switches"].is_null());
}

// Servers of the given models, interleaved.
std::vector<Json> run_interleaved(const std::vector<std::string>& models, const std::string& mode) {
  const Suite suite = scripted_suite(models.front(), mode);
  const Cell cell = make_cells(suite).front();
  std::vector<ServerSpec> servers;
  for (const std::string& model : models) {
    servers.push_back({.name = model, .model = model, .args = {}, .command = {}});
  }
  std::vector<UnitMember> members;
  for (const ServerSpec& server : servers) {
    members.push_back({&server, &cell});
  }
  return run_unit(scripted_context(), members, 1);
}

TEST(Unit, EachServerHasItsOwnRound) {
  const std::vector<Json> rounds = run_interleaved({"steady", "steady", "steady"}, "good");
  ASSERT_EQ(rounds.size(), 3U);
  for (const Json& round : rounds) {
    EXPECT_EQ(round["status"], "ok") << round["reason"];
    EXPECT_EQ(round["server"]["processes"], 1);
    EXPECT_FALSE(round["server"]["cpu_ns"].is_null());
    EXPECT_EQ(round["server"]["cpu_per_request_ns"], 4321.5);       // the generator's reading between slices
    EXPECT_TRUE(round["machine"]["cpu_per_request_ns"].is_null());  // belongs to no single server
    EXPECT_TRUE(round["machine"]["slab_bytes"].is_null());
    EXPECT_EQ(round["interleaved"], 3);
  }
}

// Would catch: one bad server that costs the rounds of all others of its unit.
TEST(Unit, AnInvalidServerLeavesTheOthersAlone) {
  const std::vector<Json> rounds = run_interleaved({"steady", "steady"}, "invalid");
  EXPECT_EQ(rounds[0]["status"], "ok") << rounds[0]["reason"];
  EXPECT_EQ(rounds[1]["status"], "invalid");
}

TEST(Unit, AServerThatDoesNotStartLeavesTheOthersAlone) {
  const std::vector<Json> rounds = run_interleaved({"steady", "silent"}, "good");
  EXPECT_EQ(rounds[0]["status"], "ok") << rounds[0]["reason"];
  EXPECT_EQ(rounds[1]["status"], "failed");
  // The bug: a round that was measured alone said that it was interleaved.
  EXPECT_FALSE(rounds[0].contains("interleaved"));
  EXPECT_TRUE(rounds[0]["machine"]["cpu_per_request_ns"].is_number());
}

TEST(Round, TakesTheGeneratorsVerdict) {
  const Json round = run_scripted("steady", "invalid");
  EXPECT_EQ(round["status"], "invalid");
  EXPECT_EQ(round["reason"], "late; very late");
}

// Would catch: a server that dies and is blamed on the generator, or whose last words are lost.
TEST(Round, BlamesAServerThatDies) {
  for (const char* mode : {"waits", "hangs"}) {
    const Json round = run_scripted("dies", mode);
    EXPECT_EQ(round["status"], "failed");
    EXPECT_EQ(round["reason"], "the server ended by itself: exit code 7: scripted: something terrible") << mode;
    EXPECT_EQ(round["server"]["exit_status"], 7);
    EXPECT_EQ(round["server"]["stderr_tail"], "scripted: something terrible");
    EXPECT_TRUE(round["load"].is_null());
    EXPECT_TRUE(round["server"]["cpu_ns"].is_null());
  }
}

TEST(Round, FailsWhereTheServerDoesNotGetReady) {
  const Json silent = run_scripted("silent", "good");
  EXPECT_EQ(silent["status"], "failed");
  EXPECT_EQ(silent["reason"], "the server ended by itself: exit code 1: scripted: cannot bind");
  const Json garbage = run_scripted("garbage", "good");
  EXPECT_EQ(garbage["status"], "failed");
  EXPECT_EQ(garbage["reason"], "the server's first line is no READY line: hello, I am no server");
}

TEST(Round, FailsWhereTheServerCrashesOnSigterm) {
  const Json round = run_scripted("crashes", "good");
  EXPECT_EQ(round["status"], "failed");
  EXPECT_EQ(round["reason"], "the server ended with exit code 9 after SIGTERM");
}

// The bug: a last line with 30,000 brackets ended the harness by SIGSEGV, and odd counters made a run that no reader
// took.
TEST(Round, FailsWhereTheLastLineHoldsNoCounters) {
  EXPECT_EQ(run_scripted("odd", "good")["reason"],
            "the server's last line holds no counters: counters: /connections: \"many\" should be \"object\"");
  EXPECT_EQ(run_scripted("nested", "good")["reason"], "the server's last line holds no counters");
}

TEST(Round, FailsWhereTheGeneratorDoes) {
  EXPECT_EQ(run_scripted("steady", "refuses")["reason"],
            "fanin-load gave no result: exit code 2: fanin-load: no such thing: do without");
  EXPECT_EQ(run_scripted("steady", "garbage")["reason"], "fanin-load gave no result: exit code 0");
}

// The bug: the check of a server failed the server where the generator gave no result, for a reason of its own.
TEST(Round, ACheckBlamesTheServerForItsOwnFailuresAlone) {
  const auto check = [](const std::string& model, const std::string& mode) {
    const Suite suite = scripted_suite(model, mode);
    return run_checked_round(scripted_context(), suite.servers.front(), make_cells(suite).front());
  };
  for (const char* mode : {"refuses", "garbage"}) {
    EXPECT_THROW(check("steady", mode), RunFailure) << mode;
  }
  EXPECT_EQ(check("dies", "waits")["reason"],
            "the server ended by itself: exit code 7: scripted: something terrible");  // the generator ends too
  EXPECT_EQ(check("crashes", "good")["status"], "failed");
}

// Would catch: a suite that waits for ever for a generator that hangs.
TEST(Round, BoundsAGeneratorThatHangs) {
  RoundContext context = scripted_context();
  context.generator_margin = 100ms;
  const Json round = run_scripted(context, "steady", "hangs");
  EXPECT_EQ(round["status"], "failed");
  EXPECT_THAT(round["reason"].get<std::string>(), HasSubstr("fanin-load did not end within"));
  EXPECT_EQ(round["server"]["exit_status"], 0);  // the server was none the worse and was stopped in the ordinary way
}

TEST(Round, FailsWhereTheServersCommandIsNotThere) {
  Json document = scripted_suite("steady", "good").document;
  document["servers"][0] = {{"name", "s"}, {"command", {"/no/such/server", "{port}"}}};
  const Suite suite = parse_suite(document, "s.json");
  const Json round = run_alone(scripted_context(), suite);
  EXPECT_EQ(round["status"], "failed");
  EXPECT_THAT(round["reason"].get<std::string>(), HasSubstr("/no/such/server"));
  EXPECT_TRUE(round["server"].is_null());
}

// Would catch: what the harness lacks itself, a program of its own or a descriptor, recorded as the server's failure.
TEST(Round, BlamesNoServerForWhatTheHarnessLacks) {
  RoundContext context = scripted_context();
  context.programs.load = "/no/such/load";
  EXPECT_THROW(run_scripted(context, "steady", "good"), std::system_error);
  context.programs.server = "/no/such/server";
  EXPECT_THROW(run_scripted(context, "steady", "good"), std::system_error);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{4, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_THROW(os::ChildProcess({{"true"}, {}, -1, os::Output::Keep::kTail}), std::system_error);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(Round, EndsAtOnceWhenInterrupted) {
  const net::Descriptor event(::eventfd(1, EFD_CLOEXEC));
  RoundContext context = scripted_context();
  context.interrupt_fd = event.get();
  EXPECT_THROW(run_scripted(context, "steady", "hangs"), Interrupted);
}

using ::testing::StartsWith;

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
