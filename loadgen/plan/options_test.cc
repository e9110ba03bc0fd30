// The option table, and the way from a command line to a plan.
#include "loadgen/plan/options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
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
  for (const protocols::Protocol& protocol : protocols::registry()) {
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

// Would catch: an option that the short list leaves out, or a key of suites that is no option.
TEST(OptionTable, TheShortListHasALineForEachOption) {
  const std::string text = options_text();
  for (const Option& option : option_table()) {
    const std::string line = "  --" + std::string(option.name) + " ";
    EXPECT_EQ(text.find(line) != std::string::npos, option.place.index() != 0) << line;
  }
  EXPECT_NE(text.find("limit for a reply, and for a connect (default: 5s)\n"), std::string::npos) << text;
}

// Would catch: a message that leaves open which option is wrong, or what it takes.
TEST(OptionTable, MessagesComeFromTheRow) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused{
      {{"--connections", "0"}, "--connections 0 is out of range: give 1 to 10000000"},
      {{"--pipeline", "99999999999999999999"}, "--pipeline 99999999999999999999 is out of range: give 1 to 65535"},
      {{"--pipeline", "two"}, "--pipeline 'two' is no whole number: give one such as 500, 10k or 2M"},
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

TEST(LoadOptions, DefaultsAreThoseOfTheDocument) {
  const LoadPlan plan = parse_arguments({});
  EXPECT_TRUE(has_event_loops(plan.driver));
  EXPECT_EQ(plan.connections, 10U);
  EXPECT_EQ(plan.threads, 1U);
  EXPECT_EQ(plan.protocol_name, "echo");
  EXPECT_EQ(plan.request_bytes, 64U);
  EXPECT_EQ(plan.duration, std::chrono::seconds(10));
  EXPECT_EQ(plan.warmup, std::chrono::seconds(1));
  EXPECT_EQ(plan.timeout, std::chrono::seconds(5));
  EXPECT_EQ(plan.think_time, Nanoseconds(0));
  EXPECT_EQ(plan.requests_per_connection, 0U);
  EXPECT_FALSE(plan.rate_per_s);
}

TEST(LoadOptions, TheThreadsDriverTakesTheTutorialsPattern) {
  const LoadPlan plan = parse_arguments({"--driver", "threads"});
  EXPECT_EQ(plan.connections, 20U);
  EXPECT_EQ(plan.threads, 20U);
  EXPECT_EQ(plan.protocol_texts, (Texts{{"payload", "hello"}}));
  EXPECT_EQ(plan.request_bytes, 5U);
  EXPECT_EQ(plan.think_time, std::chrono::seconds(1));
  EXPECT_EQ(plan.requests_per_connection, 1U);
}

// Would catch: `--close server` without a number of requests, after which no connection would ever be closed.
TEST(LoadOptions, TheServerClosesAfterANumberOfRequests) {
  EXPECT_EQ(parse_arguments({"--close", "server", "--requests-per-connection", "3"}).close, CloseKind::kServer);
  EXPECT_THROW(parse_arguments({"--close", "server"}), std::invalid_argument);
  EXPECT_THROW(parse_arguments({"--close", "slam"}), std::invalid_argument);
}

// Would catch: a request on a connection that the one before it has asked to close (RFC 9112, 9.6); an option that
// contradicts it, accepted silently.
TEST(LoadOptions, ARequestThatAsksToCloseIsTheLastOfItsConnection) {
  const std::vector<std::string> closing{"--protocol", "http", "--header", "Connection: close"};
  const auto with = [&closing](std::vector<std::string> more) {
    more.insert(more.begin(), closing.begin(), closing.end());
    return parse_arguments(more);
  };
  EXPECT_EQ(with({}).requests_per_connection, 1U);
  EXPECT_EQ(with({"--rate", "10", "--driver", "threads"}).requests_per_connection, 1U);
  EXPECT_EQ(with({"--close", "server"}).close, CloseKind::kServer);
  EXPECT_THROW(with({"--requests-per-connection", "2"}), std::invalid_argument);
  EXPECT_THROW(with({"--idle-connections", "1", "--verify-idle"}), std::invalid_argument);
  const LoadPlan mix =
      parse_arguments({"--protocol", "http", "--mix", "1 name=a", "--mix", "1 header='Connection: close'"});
  EXPECT_EQ(mix.requests_per_connection, 0U);
  EXPECT_TRUE(mix.churns());
}

TEST(LoadOptions, ConnectsUnderWayAreANumberOrAll) {
  EXPECT_EQ(parse_arguments({"-c", "300", "--idle-connections", "50", "--connect-concurrency", "all"}).connecting,
            350U);
  EXPECT_EQ(parse_arguments({"--connect-concurrency", "7"}).connecting, 7U);
  for (const char* wrong : {"0", "-1", "every", "5x", ""}) {
    EXPECT_THROW(parse_arguments({"--connect-concurrency", wrong}), std::invalid_argument) << wrong;
  }
}

TEST(LoadOptions, SlownessIsChecked) {
  const LoadPlan plan =
      parse_arguments({"--send-bytes-per-s", "100", "--read-bytes-per-s", "200", "--receive-buffer-bytes", "4096",
                       "--idle-connections", "5", "--trickle", "1s"});
  EXPECT_EQ(plan.send_bytes_per_s, 100U);
  EXPECT_EQ(plan.read_bytes_per_s, 200U);
  EXPECT_EQ(plan.receive_buffer_bytes, 4096);
  EXPECT_EQ(plan.trickle, std::chrono::seconds(1));
  using Arguments = std::vector<std::string>;
  for (const Arguments& wrong :
       {Arguments{"--send-bytes-per-s", "0"}, Arguments{"--send-bytes-per-s", "9", "--driver", "threads"},
        Arguments{"--read-bytes-per-s", "-1"}, Arguments{"--receive-buffer-bytes", "0"}, Arguments{"--trickle", "1s"},
        Arguments{"--trickle", "1ms", "--idle-connections", "5"},
        Arguments{"--trickle", "1s", "--idle-connections", "5", "--requests", "9"},
        Arguments{"--trickle", "1s", "--idle-connections", "5", "--payload-bytes", "1"}}) {
    EXPECT_THROW(parse_arguments(wrong), std::invalid_argument) << wrong[0] << " " << wrong[1];
  }
}

TEST(LoadOptions, WhatIsGivenRules) {
  const LoadPlan plan =
      parse_arguments({"--driver", "threads", "-c", "3", "--think-time", "5ms", "--requests-per-connection", "0",
                       "--payload-bytes", "100", "--requests", "50", "--close", "rst"});
  EXPECT_EQ(plan.connections, 3U);
  EXPECT_EQ(plan.think_time, std::chrono::milliseconds(5));
  EXPECT_EQ(plan.requests_per_connection, 0U);
  EXPECT_EQ(plan.request_bytes, 100U);
  EXPECT_EQ(plan.requests, std::optional<std::uint64_t>(50));
  EXPECT_EQ(plan.close, CloseKind::kRst);
}

TEST(LoadOptions, ARampTakesTheWindowAndHasAMeanRate) {
  const LoadPlan plan =
      parse_arguments({"--ramp", "1000..5000", "--warmup", "2s", "--duration", "8s", "--arrival", "uniform"});
  ASSERT_TRUE(plan.ramp);
  EXPECT_EQ(plan.rate_per_s, 3000);
  EXPECT_EQ(plan.arrival, ArrivalKind::kUniform);
  EXPECT_EQ(plan.ramp->from_per_s, 1000);
  EXPECT_EQ(plan.ramp->to_per_s, 5000);
  EXPECT_EQ(plan.ramp->begin, std::chrono::seconds(2));
  EXPECT_EQ(plan.ramp->length, std::chrono::seconds(8));
}

TEST(LoadOptions, TheWarmUpLastsATimeOrUntilTheThroughputIsSteady) {
  EXPECT_EQ(parse_arguments({"--warmup", "250ms"}).warmup, std::chrono::milliseconds(250));
  EXPECT_FALSE(parse_arguments({"--warmup", "250ms"}).warmup_until_steady);
  EXPECT_EQ(parse_arguments({"--warmup", "auto"}).warmup, std::chrono::seconds(10));
  EXPECT_TRUE(parse_arguments({"--warmup", "auto"}).warmup_until_steady);
}

// Would catch: an option that --help shows apart from those that it belongs to.
TEST(LoadOptions, EveryOptionIsInAGroupOfTheHelp) {
  CLI::App app;
  LoadOptions options;
  add_load_options(app, options);
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional() && option->get_name() != "--help") {
      EXPECT_NE(option->get_group(), "Options") << option->get_name() << ": give its row a group";
    }
  }
}

TEST(LoadOptions, CountsAndRatesTakeSuffixes) {
  const LoadPlan plan = parse_arguments({"-c", "1k", "--requests", "1.5M", "--rate", "2.5k", "--connect-concurrency",
                                         "1k", "--arrival", "bursts:1k", "--payload-bytes", "64k"});
  EXPECT_EQ(plan.connections, 1000U);
  EXPECT_EQ(plan.requests, std::optional<std::uint64_t>(1'500'000));
  EXPECT_EQ(plan.rate_per_s, 2500);
  EXPECT_EQ(plan.connecting, 1000U);
  EXPECT_EQ(plan.burst_size, 1000U);
  EXPECT_EQ(plan.request_bytes, 64'000U);
  EXPECT_EQ(parse_arguments({"--ramp", "1k..5k"}).rate_per_s, 3000);
}

TEST(LoadOptions, BurstsHaveASize) {
  const LoadPlan plan = parse_arguments({"--rate", "100", "--arrival", "bursts:20"});
  EXPECT_EQ(plan.arrival, ArrivalKind::kBursts);
  EXPECT_EQ(plan.burst_size, 20U);
}

TEST(LoadOptions, RawTakesEscapes) {
  const LoadPlan plan =
      parse_arguments({"--protocol", "raw", "--request", "PING\\r\\n", "--reply-delimiter", "\\r\\n"});
  EXPECT_EQ(plan.request_bytes, 6U);
  EXPECT_EQ(plan.protocol_texts, (Texts{{"request", "PING\\r\\n"}, {"reply_delimiter", "\\r\\n"}}));
}

// Would catch: `--header 'A: b' TARGET`, where the target was taken for a second header.
TEST(LoadOptions, TheTargetMayFollowAnOptionThatMayBeRepeated) {
  for (const auto& [option, value] :
       Texts{{"--header", "A: b"}, {"--mix", "1 name=a"}, {"--server-pid", "5"}, {"--target", "127.0.0.1:81"}}) {
    CLI::App app;
    LoadOptions options;
    add_load_options(app, options);
    app.parse(std::vector<std::string>{"127.0.0.1:80", value, option});  // the last one first, as CLI11 takes them
    EXPECT_EQ(options.target, "127.0.0.1:80") << option;
  }
}

Nanoseconds chosen_slice(std::int64_t connections, Nanoseconds duration, std::size_t targets) {
  LoadOptions options;
  options.connections = connections;
  options.duration = duration;
  options.targets.assign(targets, "127.0.0.1:80");
  const auto plans = make_slice_plans(options, [](const LoadOptions&) { return LoadPlan{}; });
  return plans.front().slices->length;
}

// Would catch: many connections in short slices, whose first requests find nothing in the CPU's caches: 9 servers with
// 1,000 connections each took 85 % more CPU time per request than alone.
TEST(LoadOptions, SlicesGrowWithTheConnections) {
  using std::chrono::milliseconds;
  EXPECT_EQ(chosen_slice(1, milliseconds(2'000), 2), milliseconds(10));
  EXPECT_EQ(chosen_slice(100, milliseconds(2'000), 2), milliseconds(10));
  EXPECT_EQ(chosen_slice(200, milliseconds(2'000), 2), milliseconds(20));
  EXPECT_EQ(chosen_slice(1'000, milliseconds(2'000), 2), milliseconds(100));
  EXPECT_EQ(chosen_slice(1'000, milliseconds(450), 2), Nanoseconds(milliseconds(450)) / 8);
  EXPECT_EQ(chosen_slice(1'000, milliseconds(50), 2), milliseconds(10));
}

// Would catch: slices of a paced loop that are shorter than the pauses between its requests.
TEST(LoadOptions, SlicesOfPacedLoopsAreLonger) {
  LoadOptions options;
  options.connections = 10;
  options.targets.assign(2, "127.0.0.1:80");
  options.rate_per_s = 1'000;
  const auto plans = make_slice_plans(options, [](const LoadOptions&) { return LoadPlan{}; });
  EXPECT_EQ(plans.front().slices->length, std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace fanin::load
