#include "os/command_line.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace fanin::os {
namespace {

// What the user of a program with --duration, --rate, --read-bytes-per-s and a command `run --seed` is told.
std::string refusal(std::vector<std::string> arguments) {
  CLI::App app("", "prog");
  app.add_option("-d,--duration");
  app.add_option("--rate");
  app.add_option("--read-bytes-per-s");
  take_number(app.add_option("--share"), {0, 1});
  take_choice(app.add_option("--kind"), {"one", "other"});
  CLI::App* run = app.add_subcommand("run", "");
  CLI::Option* seed = take_count(run->add_option("--seed"), {1, 9});
  CLI::Option* file = refuse_empty(run->add_option("file"));
  run->add_option("--out")->excludes(seed);
  run->add_option("--only")->needs(file);
  app.add_subcommand("show", "")->add_option("file")->required();
  arguments.insert(arguments.begin(), "prog");
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  try {
    parse_command_line(app, static_cast<int>(argv.size()), argv.data());
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

// Would catch: "The following argument was not expected", which leaves finding the typing mistake to the user.
TEST(CommandLine, NamesTheOptionThatWasMeant) {
  EXPECT_EQ(refusal({"--duraton", "1s"}), "there is no option --duraton: did you mean --duration?");
  EXPECT_EQ(refusal({"--dur=1s"}), "there is no option --dur=1s: did you mean --duration?");
  EXPECT_EQ(refusal({"--raet", "5"}), "there is no option --raet: did you mean --rate?");
  EXPECT_EQ(refusal({"run", "--sead", "5"}), "there is no option --sead: did you mean --seed?");
  EXPECT_EQ(refusal({"--colour"}), "there is no option --colour: see prog --help");
  EXPECT_EQ(refusal({"-x"}), "there is no option -x: see prog --help");
  EXPECT_EQ(refusal({"one"}), "'one' is one argument too many: see prog --help");
}

// The bug: "--out TEXT Excludes: --resume" and "file TEXT REQUIRED" in the help.
TEST(CommandLine, HelpShowsTypesAndDefaultsAlone) {
  CLI::App app("", "prog");
  std::string out = "-";
  std::vector<std::string> files;
  auto* option = app.add_option("--out", out, "where to")->capture_default_str();
  app.add_option("file", files, "what")->required()->type_name("")->excludes(option);
  std::string program = "prog";
  std::string help = "--help";
  char* argv[] = {program.data(), help.data()};
  testing::internal::CaptureStdout();
  EXPECT_EQ(parse_command_line(app, 2, argv), 0);
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_NE(text.find("  --out TEXT=-    "), std::string::npos) << text;
  EXPECT_NE(text.find("  file ...    "), std::string::npos) << text;
}

// Would catch: a man page without a command, an alias, a default or the range of an option.
TEST(CommandLine, IsDescribedAsJson) {
  CLI::App app("Measures.", "prog");
  int port = 0;
  bool quiet = false;
  std::vector<std::string> targets;
  std::string steer;
  take_count(app.add_option("-p,--port", port, "to listen on"), {1, 9})->default_str("7")->group("Net");
  take_choice(app.add_option("--steer", steer, "by"), {"hash", "source-ip"});
  CLI::App* run = app.add_subcommand("run", "Runs.");
  run->add_option("TARGET", targets, "servers")->required();
  run->add_flag("--quiet", quiet, "no output");
  run->footer("Formats: a, b");
  const auto json = nlohmann::json::parse(command_line_json(app));
  EXPECT_EQ(json["name"], "prog");
  EXPECT_EQ(json["options"][1], nlohmann::json::parse(R"({"names": ["-p", "--port"], "positional": false,
    "required": false, "repeatable": false, "flag": false, "type": "1..9", "default": "7",
    "group": "Net", "help": "to listen on"})"));
  EXPECT_EQ(json["options"][2]["type"], "hash|source-ip");
  EXPECT_EQ(json["commands"][0]["footer"], "Formats: a, b");
  const auto& options = json["commands"][0]["options"];
  EXPECT_EQ(options[1]["names"][0], "TARGET");
  EXPECT_TRUE(options[1]["positional"] && options[1]["required"] && options[1]["repeatable"]);
  EXPECT_TRUE(options[2]["flag"]);
}

// The bug: texts of the library reached the user, such as "--seed: Value 0 not in range 1 to 9" and "Could not convert:
// --quiet = x"; --bogus alone was "A subcommand is required".
TEST(CommandLine, SaysWhatToDoInItsOwnWords) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused{
      {{"run", "--seed", "0"}, "--seed 0 is out of range: give 1 to 9"},
      {{"run", "--seed", "10"}, "--seed 10 is out of range: give 1 to 9"},
      {{"run", "--seed"}, "--seed has no value: give one, or leave --seed out"},
      {{"run", "--seed", "1", "--seed", "2"}, "--seed is given more than once: give it once"},
      {{"run", "--seed", "1", "--out", "x"}, "--seed and --out contradict each other: give one"},
      {{"run", "--only", "x"}, "--only needs file: give file, or leave --only out"},
      {{"run", ""}, "file is empty: give a value, or leave it out"},
      {{"run", "--sede=1"}, "there is no option --sede=1: did you mean --seed?"},
      {{"run", "--colour"}, "there is no option --colour: see prog run --help"},
      // The bug: "there is no option --".
      {{"run", "--", "x", "--seed", "1"}, "--seed comes after --, where nothing is an option: give it before --"},
      {{"run", "--", "x", "y"}, "'y' is one argument too many: see prog --help"},
      {{"show"}, "file is missing: see prog show --help"},
      {{"--share", "1.5"}, "--share 1.5 is out of range: give 0 to 1"},
      {{"--kind", "third"}, "--kind third is unknown: choose one of one, other"},
  };
  for (const auto& [arguments, said] : refused) {
    EXPECT_EQ(refusal(arguments), said);
  }
}

// Would catch: "no command is given" where an option is misspelt.
TEST(CommandLine, AMissingCommandIsSaid) {
  CLI::App app("", "prog");
  app.add_subcommand("run", "Runs.");
  app.add_subcommand("list", "");
  app.require_subcommand(1);
  const auto refusal_of = [&app](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "prog");
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    try {
      parse_command_line(app, static_cast<int>(argv.size()), argv.data());
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("taken");
  };
  EXPECT_EQ(refusal_of({}), "no command is given: see prog --help");
  EXPECT_EQ(refusal_of({"--bogus"}), "there is no option --bogus: see prog --help");
  EXPECT_EQ(refusal_of({"rum", "x"}), "there is no command 'rum': did you mean run?");
  EXPECT_EQ(refusal_of({"measure"}), "there is no command 'measure': choose one of run, list");
  // The bug: `fanin help` and `fanin help run` were unknown commands.
  EXPECT_EQ(refusal_of({"help", "rum"}), "there is no command 'rum': did you mean run?");
  testing::internal::CaptureStdout();
  EXPECT_EQ(refusal_of({"help", "run"}), "taken");
  EXPECT_EQ(testing::internal::GetCapturedStdout().find("Runs.\nUsage: prog run"), 0U);
}

// Would catch: "'soon' is not a duration", which leaves finding the option to the user.
TEST(CommandLine, ADurationNamesItsOption) {
  EXPECT_EQ(parse_duration_of("--work", "1ms"), std::chrono::milliseconds(1));
  try {
    parse_duration_of("--work", "soon");
    FAIL() << "taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "--work: 'soon' is not a duration such as 10s, 500ms or 1m30s");
  }
}

// Would catch: --seed -1 taken for 18446744073709551615.
TEST(CommandLine, CountsAndNumbersAreReadAsPeopleWriteThem) {
  CLI::App app;
  std::uint64_t seed = 0;
  double rate = 0;
  take_count(app.add_option("-s,--seed", seed));
  take_number(app.add_option("--rate", rate));
  app.parse("--seed 10k --rate 1.5k");
  EXPECT_EQ(seed, 10'000U);
  EXPECT_EQ(rate, 1500);
  for (const char* wrong : {"--seed -1", "--seed=-1", "-s x", "--seed 1e3", "--rate -1", "--rate nan"}) {
    EXPECT_THROW(app.parse(wrong), std::invalid_argument) << wrong;
  }
}

// Would catch: "Could not convert: --port = 65536", and 1e9 called out of range where it is no number here.
TEST(CommandLine, SaysWhatIsTheMatterWithANumber) {
  const auto refused = [](const std::string& line) {
    CLI::App app;
    std::uint16_t port = 0;
    double rate = 0;
    take_count(app.add_option("--port", port), {.max = 65535});
    take_number(app.add_option("--rate", rate));
    try {
      app.parse(line);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("taken");
  };
  EXPECT_EQ(refused("--port 65535"), "taken");
  EXPECT_EQ(refused("--port 65536"), "--port 65536 is out of range: give 0 to 65535");
  EXPECT_EQ(refused("--port 99999999999999999999"), "--port 99999999999999999999 is out of range: give 0 to 65535");
  EXPECT_EQ(refused("--port=-1"), "--port -1 is out of range: give 0 to 65535");
  EXPECT_EQ(refused("--port 1e3"), "--port '1e3' is no whole number: give one such as 500, 10k or 2M");
  EXPECT_EQ(refused("--port 1.5"), "--port '1.5' is no whole number: give one such as 500, 10k or 2M");
  EXPECT_EQ(refused("--rate 10K"), "--rate '10K' is no number: give one such as 0.5, 500 or 10k");
  EXPECT_EQ(refused("--rate=-1"), "--rate -1 is out of range: give a number from 0");
}

}  // namespace
}  // namespace fanin::os
