#include "harness/suite/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string_view>

#include "harness/suite/plan.h"

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json valid_suite() {
  return Json::parse(R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":3,"seed":7,
    "warmup":"300ms","duration":"1s",
    "servers":[{"name":"epoll","model":"epoll","args":["--read-cap","4096"]},
               {"name":"redis","command":["redis-server","--port","{port}","--save",""]}],
    "experiments":[{"name":"closed","servers":["*"],
      "workload":{"protocol":"echo","connections":10,"payload_bytes":64},
      "sweep":{"parameter":"connections","values":[1,10]},"aa":{"server":"epoll","value":10}}]})");
}

std::string complaint(const std::function<void(Json&)>& damage) {
  Json document = valid_suite();
  damage(document);
  try {
    parse_suite(document, "s.json");
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Suite, ReadsWhatIsWritten) {
  const Suite suite = parse_suite(valid_suite(), "s.json");
  EXPECT_EQ(suite.repetitions, 3);
  EXPECT_EQ(suite.seed, 7U);
  ASSERT_EQ(suite.servers.size(), 2U);
  EXPECT_THAT(suite.servers[1].command, ElementsAre("redis-server", "--port", "{port}", "--save", ""));
  ASSERT_EQ(suite.experiments.size(), 1U);
  const Experiment& experiment = suite.experiments[0];
  EXPECT_THAT(experiment.servers, ElementsAre("epoll", "redis"));
  EXPECT_EQ(experiment.warmup.length, std::chrono::milliseconds(300));
  EXPECT_EQ(experiment.title, "closed");
  EXPECT_THAT(experiment.workload.load_arguments(),
              ElementsAre("--protocol", "echo", "--connections", "10", "--payload-bytes", "64"));
}

// Would catch: a message that does not say what to install, and a requirement that is silently ignored.
TEST(Suite, ReadsWhatAServerRequires) {
  Json document = valid_suite();
  document["install"] = "./install.sh";
  document["servers"][1]["build"] = {"cc", "-o", "{build}/x"};
  document["servers"][1]["requires"] = Json::parse(
      R"([{"program":"cc","package":"gcc"},{"module":"tornado","package":"python3-tornado"},{"file":"/f","package":"p"}])");
  const ServerSpec server = parse_suite(document, "s.json").servers[1];
  EXPECT_THAT(server.build, ElementsAre("cc", "-o", "{build}/x"));
  ASSERT_EQ(server.requirements.size(), 3U);
  EXPECT_EQ(server.requirements[0].kind, Requirement::Kind::kProgram);
  EXPECT_EQ(server.requirements[1].kind, Requirement::Kind::kModule);
  EXPECT_EQ(server.requirements[1].name, "tornado");
  EXPECT_EQ(server.requirements[1].remedy, "install python3-tornado, or run ./install.sh");
  EXPECT_EQ(server.requirements[2].kind, Requirement::Kind::kFile);

  const auto require = [](const char* requirement) {
    return complaint([&](Json& s) { s["servers"][1]["requires"] = Json::array({Json::parse(requirement)}); });
  };
  EXPECT_EQ(require(R"({"package":"p"})"),
            "s.json: /servers/1/requires/0: needs one of 'program', 'module' and 'file'");
  EXPECT_EQ(require(R"({"package":"p","program":"a","file":"b"})"),
            "s.json: /servers/1/requires/0: needs one of 'program', 'module' and 'file'");
  EXPECT_EQ(require(R"({"program":"a"})"), "s.json: /servers/1/requires/0: 'package' is missing");
  EXPECT_EQ(complaint([](Json& s) { s["servers"][0]["build"] = {"make"}; }),
            "s.json: /servers/0: 'build' and 'requires' belong to a 'command'");
}

// The bug: each value was compared with all earlier ones, which took minutes here.
TEST(Suite, TakesManyValues) {
  Json document = valid_suite();
  Json& values = document["experiments"][0]["sweep"]["values"];
  for (int value = 11; value < 20'000; ++value) {
    values.push_back(value);
  }
  EXPECT_EQ(make_cells(parse_suite(document, "s.json"), {"closed/redis/19999"}).size(), 1U);
}

// Each complaint must name the place, or the reader of a 200-line suite searches for the typing error by hand.
TEST(Suite, NamesThePlaceOfEveryMistake) {
  EXPECT_EQ(complaint([](Json& s) { s["schema"] = "fanin-run"; }),
            "s.json: is no suite: 'schema' must be \"fanin-suite\"");
  EXPECT_EQ(complaint([](Json& s) { s["schema_version"] = 1; }),
            "s.json: /schema_version: written by an older fanin (version 1, this one reads 2): rename its keys as in "
            "results/README.md");
  EXPECT_THAT(complaint([](Json& s) { s["repetition"] = 3; }),
              HasSubstr("s.json: unknown key 'repetition': did you mean repetitions?"));
  EXPECT_EQ(complaint([](Json& s) { s.erase("repetitions"); }), "s.json: 'repetitions' is missing");
  EXPECT_EQ(complaint([](Json& s) { s["repetitions"] = 0; }),
            "s.json: /repetitions: must be a whole number from 1 to 10000");
  EXPECT_THAT(complaint([](Json& s) { s["warmup"] = 300; }), HasSubstr("s.json: /warmup: must be a"));
  EXPECT_EQ(complaint([](Json& s) { s["duration"] = "0s"; }),
            "s.json: /experiments/0: the 'duration' must be longer than nothing");
  EXPECT_EQ(complaint([](Json& s) { s["servers"][0]["name"] = "a/b"; }),
            "s.json: /servers/0/name: must consist of letters, digits, '_', '.', '+' and '-', and begin with a letter "
            "or digit");
  EXPECT_EQ(complaint([](Json& s) { s["servers"][1]["model"] = "epoll"; }),
            "s.json: /servers/1: needs either 'model' or 'command'");
  EXPECT_THAT(complaint([](Json& s) { s["servers"][1]["command"][2] = "6379"; }),
              HasSubstr("s.json: /servers/1/command: must contain {port}"));
  EXPECT_THAT(complaint([](Json& s) { s["servers"][1]["name"] = "epoll"; }), HasSubstr("s.json: /servers/1: the name"));
}

// The bug: a payload "a\u0000b" was sent as "a" in a round that was valid.
TEST(Suite, RefusesTextsThatAnArgumentWouldCutShort) {
  const std::string text("a\0b", 3);
  EXPECT_EQ(complaint([&](Json& s) {
              s["experiments"][0]["workload"] = {{"protocol", "echo"}, {"payload", text}};
            }),
            "s.json: /experiments/0/workload/payload: holds a NUL (U+0000), at which an argument of a program ends: "
            "leave it out");
  EXPECT_THAT(complaint([&](Json& s) { s["servers"][1]["command"][4] = text; }),
              HasSubstr("s.json: /servers/1/command/4: holds a NUL"));
}

// The bug: a duration beyond the longest that no experiment used was taken, and the plots then refused the run.
TEST(Suite, ReadsItsDurationsWhereNoExperimentUsesThem) {
  for (const char* key : {"warmup", "duration"}) {
    EXPECT_EQ(complaint([&](Json& s) {
                s[key] = "99999999999999s";
                s["experiments"][0][key] = "1s";
              }),
              std::string("s.json: /") + key +
                  ": must be a duration of at most a year such as \"10s\", \"500ms\" or \"100us\"");
  }
}

TEST(Suite, NamesThePlaceOfMistakesInExperiments) {
  const auto in_experiment = [](const std::function<void(Json&)>& damage) {
    return complaint([&](Json& suite) { damage(suite["experiments"][0]); });
  };
  EXPECT_EQ(in_experiment([](Json& e) { e["servers"] = {"nginx"}; }),
            "s.json: /experiments/0/servers/0: there is no server 'nginx' in this suite");
  EXPECT_THAT(in_experiment([](Json& e) { e["servers"] = {"*", "epoll"}; }), HasSubstr("each only once"));
  EXPECT_EQ(in_experiment([](Json& e) { e["sweep"]["values"][1] = 0; }),
            "s.json: /experiments/0/sweep/values/1: must be a whole number from 1 to 10000000");
  EXPECT_EQ(in_experiment([](Json& e) { e["sweep"]["values"] = 5; }),
            "s.json: /experiments/0/sweep/values: must be an array");
  EXPECT_THAT(in_experiment([](Json& e) { e["sweep"]["values"] = {1, 1}; }), HasSubstr("/values/1: is given twice"));
  EXPECT_THAT(in_experiment([](Json& e) { e.erase("sweep"); }), HasSubstr("/experiments/0: 'sweep' is missing"));
  // The bug: the message named the place of the first value.
  EXPECT_THAT(in_experiment([](Json& e) { e["sweep"]["parameter"] = "protocol"; }),
              HasSubstr("s.json: /experiments/0/sweep/parameter: 'protocol' cannot be swept"));
  EXPECT_THAT(in_experiment([](Json& e) { e["workload"]["conections"] = 5; }),
              HasSubstr("s.json: /experiments/0/workload: unknown key 'conections': did you mean connections?"));
  EXPECT_THAT(in_experiment([](Json& e) { e["workload"]["rate"] = -1; }),
              HasSubstr("s.json: /experiments/0/workload/rate: must be above 0"));
  EXPECT_THAT(in_experiment([](Json& e) { e["workload"]["close"] = "slam"; }), HasSubstr("one of fin|rst|server"));
  EXPECT_THAT(in_experiment([](Json& e) { e["workload"] = {{"protocol", "raw"}}; }), HasSubstr("needs 'request'"));
  EXPECT_THAT(in_experiment([](Json& e) { e["warmup"] = "long"; }), HasSubstr("/experiments/0/warmup: must be a"));
  EXPECT_THAT(in_experiment([](Json& e) { e["aa"]["value"] = 11; }),
              HasSubstr("/experiments/0/aa/value: must be a value of the sweep"));
  EXPECT_THAT(in_experiment([](Json& e) { e["aa"]["server"] = "poll"; }), HasSubstr("/experiments/0/aa/server: must"));
}

// The bug: an escape that is none was found only when the generator was started, in the middle of a run.
TEST(Suite, RefusesAnUnknownEscape) {
  const auto with = [](const char* request) {
    return complaint([request](Json& suite) {
      suite["experiments"][0]["workload"] = {{"protocol", "raw"}, {"request", request}, {"reply_bytes", 1}};
    });
  };
  EXPECT_EQ(with("PING\\r\\n\\x0a\\\\"), "accepted");
  for (const char* wrong : {"\\q", "a\\", "\\x1", "\\xgg"}) {
    EXPECT_THAT(with(wrong), HasSubstr("/experiments/0/workload/request: \"")) << wrong;
    EXPECT_THAT(with(wrong), HasSubstr(" does not have the form C escapes: ")) << wrong;
  }
}

TEST(Suite, WarmsUpUntilTheThroughputIsSteady) {
  Json document = valid_suite();
  document["warmup"] = "auto";
  const Warmup warmup = parse_suite(document, "s.json").experiments[0].warmup;
  EXPECT_EQ(warmup.text(), "auto");
  EXPECT_GT(warmup.length, net::Nanoseconds::zero());  // the time to look around in before the window
  EXPECT_GT(warmup.longest(), warmup.length);
  document["experiments"][0]["workload"]["ramp"] = {{"from_per_s", 10}, {"to_per_s", 20}};
  EXPECT_THROW(parse_suite(document, "s.json"), std::invalid_argument);
}

// Would catch: keys judged without what the sweep sets, so that a suite is refused, or accepted and then every round
// fails.
TEST(Suite, WhatASweepSetsCountsForItsWorkload) {
  const auto sweeping = [](const char* parameter, const char* workload) {
    return complaint([&](Json& suite) {
      Json& experiment = suite["experiments"][0];
      experiment.erase("aa");
      experiment["workload"] = Json::parse(workload);
      experiment["sweep"] = {{"parameter", parameter}, {"values", {1, 10}}};
    });
  };
  EXPECT_EQ(sweeping("burst_size", R"({"protocol":"echo","rate":100,"arrival":"bursts"})"), "accepted");
  EXPECT_EQ(sweeping("rate", R"({"protocol":"echo","arrival":"uniform"})"), "accepted");
  EXPECT_EQ(sweeping("payload_bytes", R"({"protocol":"echo","payload":"hello"})"),
            "s.json: /experiments/0/workload: takes 'payload' or 'payload_bytes', not both");
}

TEST(Suite, NamesLineAndColumnOfWhatIsNotJson) {
  try {
    parse_json("{\n  \"a\": 1,\n  b\n}", "s.json");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "s.json: line 3, column 3: not JSON");
  }
}

// The bug: of two values of one key the last was taken without a word.
TEST(Json, RefusesAKeyThatStandsTwice) {
  const auto complaint_of = [](const char* text) -> std::string {
    try {
      parse_json(text, "s.json");
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(complaint_of(R"({"a":[{"seed":1,"seed":2}]})"),
            "s.json: the key 'seed' stands twice in one object: leave one out");
  EXPECT_EQ(complaint_of(R"({"a":{"a":[{"a":1},{"a":2}],"b":1},"b":1})"), "accepted");
}

// Would catch: a message that does not say which file is to blame.
TEST(Suite, NamesTheFileOfANumberThatIsTooLarge) {
  try {
    parse_json(R"({"seed": 7e777})", "s.json");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "s.json: holds a number that is too large: give a smaller one");
  }
}

// The bug: 60,000 brackets in a suite or a run ended the program by SIGSEGV.
TEST(Suite, RefusesWhatIsNestedTooDeep) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(parse_json(nested(100), "s.json"));
  EXPECT_EQ(parse_json("\"" + nested(60'000) + "\\\"[\"", "s.json"), nested(60'000) + "\"[");  // in a text
  EXPECT_EQ(parse_json_or_null(nested(60'000)), nullptr);
  try {
    parse_json("\n" + nested(60'000), "s.json");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "s.json: line 2: is nested more than 100 deep: no file of fanin is");
  }
}

// The bug: a named pipe as suite or run waited for ever, and only SIGKILL ended that.
TEST(LoadJson, RefusesWhatIsNoRegularFile) {
  const std::string path = ::testing::TempDir() + "fanin-pipe-" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THROW(load_json(path), std::invalid_argument);
  EXPECT_THROW(load_json("/dev/zero"), std::invalid_argument);
  std::remove(path.c_str());
}

TEST(LoadJson, ReadsWhatIsGzippedAndRefusesWhatIsCutOff) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("fanin-suite-test-" + std::to_string(::getpid()) + ".json.gz");
  const auto write = [&path](std::string_view bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  };
  // gzip -n of {"a": 1}
  constexpr std::string_view kPacked(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56\x4a\x54\xb2\x52\x30\xac\x05\x00\x97\x8e\xa1\xfb\x08\x00\x00"
      "\x00",
      28);
  write(kPacked);
  EXPECT_EQ(load_json(path), Json({{"a", 1}}));
  write(kPacked.substr(0, 20));
  EXPECT_THROW(load_json(path), std::invalid_argument);
  std::remove(path.c_str());
}

// Would catch: a shipped suite that nobody can run.
TEST(Suite, EveryShippedSuiteIsValid) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FANIN_SUITES)) {
    const std::string path = entry.path().string();
    EXPECT_EQ(parse_suite(load_json(path), path).name, entry.path().stem().string());
    ++count;
  }
  EXPECT_GE(count, 3);
}

}  // namespace
}  // namespace fanin::harness
