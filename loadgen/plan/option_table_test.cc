#include "loadgen/plan/option_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "loadgen/plan/parse_arguments.h"

namespace fanin::load {
namespace {

// Would catch: a default in --help and in the documents that is not the one of the program.
TEST(OptionTable, DefaultsAreThoseOfTheProgram) {
  for (const char* name : {"driver", "idle-connections", "timeout", "close", "pipeline", "warmup", "seed",
                           "find-precision", "idle-strategy"}) {
    const Option& option = find_option(name);
    LoadOptions options;
    set_option(option, std::string(option.default_text), options);
    EXPECT_FALSE(is_given(option, options)) << name;
    check_options(options);
  }
}

// Would catch: an option that is refused as unknown although a protocol takes it, or one without a word of help.
TEST(OptionTable, HasARowForEachOption) {
  std::set<std::string_view> names;
  for (const Option& option : option_table()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name << " stands twice";
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_EQ(option.help.find('\n'), std::string_view::npos) << option.name;
    for (const std::string_view others : {option.needs, option.excludes}) {
      for (const std::string& other : split_words(others, ' ')) {
        EXPECT_EQ(find_option(other).name, other);
      }
    }
  }
  for (const Protocol& protocol : protocols()) {
    for (const std::string& name : split_words(protocol.client_options, ' ')) {
      EXPECT_TRUE(names.contains(name)) << protocol.name << ": " << name;
    }
  }
}

// Would catch: a changed table whose copy, from which the harness and the plots know the keys of suites, is an old one.
TEST(OptionTable, ItsCopyIsUpToDate) {
  std::stringstream copy;
  copy << std::ifstream(FANIN_SOURCE "/results/schema/load-options.json").rdbuf();
  EXPECT_EQ(copy.str(), options_json()) << "run python3 -m plots.tables";
}

// Would catch: a message that leaves open which option is wrong, or what it takes.
TEST(OptionTable, MessagesComeFromTheRow) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused{
      {{"--connections", "0"}, "--connections 0 is out of range: give 1 to 10000000"},
      {{"--pipeline", "99999999999999999999"}, "--pipeline 99999999999999999999 is out of range: give 1 to 65535"},
      {{"--pipeline", "two"}, "--pipeline 'two' is no whole number: give one such as 500, 10k or 1.5M"},
      {{"--connect-concurrency", "0"}, "--connect-concurrency 0 is out of range: give 1 to 10000000, or all"},
      {{"--payload-bytes", "0"}, "--payload-bytes 0 is out of range: give 1 to 67108864 bytes"},
      {{"--rate", "-1"}, "--rate -1 is out of range: give requests per second, above 0 and at most 100000000"},
      {{"--rate", "fast"}, "--rate 'fast' is no number: give one such as 0.5, 500 or 10k"},
      {{"--find-rate", "p99<1s", "--find-precision", "2"}, "--find-precision 2 is out of range: give 0.001 to 0.5"},
      {{"--timeout", "0"}, "--timeout must be above 0: give a time such as 10s or 500ms"},
      {{"--idle-connections", "1", "--trickle", "9ms"}, "--trickle is too short: give 10ms or more"},
      {{"--close", "gently"}, "--close gently is unknown: choose one of fin, rst, server"},
      {{"--warmup", "long"}, "--warmup: 'long' is not a duration such as 10s, 500ms or 1m30s"},
      {{"--json", ""}, "--json is empty: name a file, or leave it out"},
      {{"--cpus", ""}, "--cpus is empty: give a value, or leave it out"},
      {{"--verify-idle"},
       "--verify-idle needs --idle-connections: give --idle-connections, or leave --verify-idle out"},
      {{"--rate", "1", "--ramp", "1..2"}, "--rate and --ramp contradict each other: give one"},
  };
  for (const auto& [arguments, said] : refused) {
    EXPECT_EQ(refusal_of_arguments(arguments), said);
  }
}

}  // namespace
}  // namespace fanin::load
