#include "loadgen/plan/options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace fanin {
namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;

LoadPlan parse(const std::vector<std::string>& arguments) {
  CLI::App app;
  LoadOptions options;
  add_load_options(app, options);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  reversed.emplace_back("127.0.0.1:80");
  app.parse(reversed);
  return make_plan(options);
}

// What the user is told of these arguments.
std::string refusal_of_arguments(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

TEST(LoadOptions, DefaultsAreThoseOfTheDocument) {
  const LoadPlan plan = parse({});
  EXPECT_TRUE(has_event_loops(plan.driver));
  EXPECT_EQ(plan.connections, 10U);
  EXPECT_EQ(plan.threads, 1U);
  EXPECT_EQ(plan.protocol_name, "echo");
  EXPECT_EQ(plan.request_bytes, 64U);
  EXPECT_EQ(plan.duration, std::chrono::seconds(10));
  EXPECT_EQ(plan.warmup, std::chrono::seconds(1));
  EXPECT_EQ(plan.timeout, std::chrono::seconds(5));
  EXPECT_EQ(plan.think, Nanoseconds(0));
  EXPECT_EQ(plan.requests_per_connection, 0U);
  EXPECT_FALSE(plan.rate_per_s);
}

TEST(LoadOptions, TheThreadsDriverTakesTheTutorialsPattern) {
  const LoadPlan plan = parse({"--driver", "threads"});
  EXPECT_EQ(plan.connections, 20U);
  EXPECT_EQ(plan.threads, 20U);
  EXPECT_EQ(plan.protocol_texts, (Texts{{"payload", "hello"}}));
  EXPECT_EQ(plan.request_bytes, 5U);
  EXPECT_EQ(plan.think, std::chrono::seconds(1));
  EXPECT_EQ(plan.requests_per_connection, 1U);
}

// Would catch: `--close server` without a number of requests, after which no connection would ever be closed.
TEST(LoadOptions, TheServerClosesAfterANumberOfRequests) {
  EXPECT_EQ(parse({"--close", "server", "--requests-per-connection", "3"}).close, CloseKind::kServer);
  EXPECT_THROW(parse({"--close", "server"}), std::invalid_argument);
  EXPECT_THROW(parse({"--close", "slam"}), std::invalid_argument);
}

// Would catch: a request on a connection that the one before it has asked to close (RFC 9112, 9.6); an option beside it
// that cannot be met, taken without a word.
TEST(LoadOptions, ARequestThatAsksToCloseIsTheLastOfItsConnection) {
  const std::vector<std::string> closing{"--protocol", "http", "--header", "Connection: close"};
  const auto with = [&closing](std::vector<std::string> more) {
    more.insert(more.begin(), closing.begin(), closing.end());
    return parse(more);
  };
  EXPECT_EQ(with({}).requests_per_connection, 1U);
  EXPECT_EQ(with({"--rate", "10", "--driver", "threads"}).requests_per_connection, 1U);
  EXPECT_EQ(with({"--close", "server"}).close, CloseKind::kServer);
  EXPECT_THROW(with({"--requests-per-connection", "2"}), std::invalid_argument);
  EXPECT_THROW(with({"--idle", "1", "--prove-idle"}), std::invalid_argument);
  const LoadPlan mix = parse({"--protocol", "http", "--mix", "1 name=a", "--mix", "1 header='Connection: close'"});
  EXPECT_EQ(mix.requests_per_connection, 0U);
  EXPECT_TRUE(mix.churns());
}

TEST(LoadOptions, ConnectsUnderWayAreANumberOrAll) {
  EXPECT_EQ(parse({"-c", "300", "--idle", "50", "--connecting", "all"}).connecting, 350U);
  EXPECT_EQ(parse({"--connecting", "7"}).connecting, 7U);
  for (const char* wrong : {"0", "-1", "every", "5x", ""}) {
    EXPECT_THROW(parse({"--connecting", wrong}), std::invalid_argument) << wrong;
  }
}

TEST(LoadOptions, SlownessIsChecked) {
  const LoadPlan plan =
      parse({"--send-rate", "100", "--read-rate", "200", "--receive-buffer", "4096", "--idle", "5", "--trickle", "1s"});
  EXPECT_EQ(plan.send_bytes_per_s, 100U);
  EXPECT_EQ(plan.read_bytes_per_s, 200U);
  EXPECT_EQ(plan.receive_buffer_bytes, 4096);
  EXPECT_EQ(plan.trickle, std::chrono::seconds(1));
  using Arguments = std::vector<std::string>;
  for (const Arguments& wrong :
       {Arguments{"--send-rate", "0"}, Arguments{"--send-rate", "9", "--driver", "threads"},
        Arguments{"--read-rate", "-1"}, Arguments{"--receive-buffer", "0"}, Arguments{"--trickle", "1s"},
        Arguments{"--trickle", "1ms", "--idle", "5"}, Arguments{"--trickle", "1s", "--idle", "5", "--requests", "9"},
        Arguments{"--trickle", "1s", "--idle", "5", "--payload-size", "1"}}) {
    EXPECT_THROW(parse(wrong), std::invalid_argument) << wrong[0] << " " << wrong[1];
  }
}

TEST(LoadOptions, WhatIsGivenRules) {
  const LoadPlan plan = parse({"--driver", "threads", "-c", "3", "--think", "5ms", "--requests-per-connection", "0",
                               "--payload-size", "100", "--requests", "50", "--close", "rst"});
  EXPECT_EQ(plan.connections, 3U);
  EXPECT_EQ(plan.think, std::chrono::milliseconds(5));
  EXPECT_EQ(plan.requests_per_connection, 0U);
  EXPECT_EQ(plan.request_bytes, 100U);
  EXPECT_EQ(plan.requests, std::optional<std::uint64_t>(50));
  EXPECT_EQ(plan.close, CloseKind::kRst);
}

TEST(LoadOptions, ARampTakesTheWindowAndHasAMeanRate) {
  const LoadPlan plan = parse({"--ramp", "1000..5000", "--warmup", "2s", "--duration", "8s", "--arrival", "uniform"});
  ASSERT_TRUE(plan.ramp);
  EXPECT_EQ(plan.rate_per_s, 3000);
  EXPECT_EQ(plan.arrival, ArrivalKind::kUniform);
  EXPECT_EQ(plan.ramp->from_per_s, 1000);
  EXPECT_EQ(plan.ramp->to_per_s, 5000);
  EXPECT_EQ(plan.ramp->begin, std::chrono::seconds(2));
  EXPECT_EQ(plan.ramp->length, std::chrono::seconds(8));
}

TEST(LoadOptions, TheWarmUpLastsATimeOrUntilTheThroughputIsSteady) {
  EXPECT_EQ(parse({"--warmup", "250ms"}).warmup, std::chrono::milliseconds(250));
  EXPECT_FALSE(parse({"--warmup", "250ms"}).warmup_until_steady);
  EXPECT_EQ(parse({"--warmup", "auto"}).warmup, std::chrono::seconds(10));
  EXPECT_TRUE(parse({"--warmup", "auto"}).warmup_until_steady);
}

// Would catch: an option that --help shows apart from those that it belongs to.
TEST(LoadOptions, EveryOptionIsInAGroupOfTheHelp) {
  CLI::App app;
  LoadOptions options;
  add_load_options(app, options);
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional() && option->get_name() != "--help") {
      EXPECT_NE(option->get_group(), "Options") << option->get_name() << ": give it a group in loadgen/plan/help.cc";
    }
  }
}

TEST(LoadOptions, CountsAndRatesTakeSuffixes) {
  const LoadPlan plan = parse({"-c", "1k", "--requests", "1.5M", "--rate", "2.5k", "--connecting", "1k", "--arrival",
                               "bursts:1k", "--payload-size", "64k"});
  EXPECT_EQ(plan.connections, 1000U);
  EXPECT_EQ(plan.requests, std::optional<std::uint64_t>(1'500'000));
  EXPECT_EQ(plan.rate_per_s, 2500);
  EXPECT_EQ(plan.connecting, 1000U);
  EXPECT_EQ(plan.burst_size, 1000U);
  EXPECT_EQ(plan.request_bytes, 64'000U);
  EXPECT_EQ(parse({"--ramp", "1k..5k"}).rate_per_s, 3000);
}

TEST(LoadOptions, BurstsHaveASize) {
  const LoadPlan plan = parse({"--rate", "100", "--arrival", "bursts:20"});
  EXPECT_EQ(plan.arrival, ArrivalKind::kBursts);
  EXPECT_EQ(plan.burst_size, 20U);
}

TEST(LoadOptions, RawTakesEscapes) {
  const LoadPlan plan = parse({"--protocol", "raw", "--request", "PING\\r\\n", "--reply-delimiter", "\\r\\n"});
  EXPECT_EQ(plan.request_bytes, 6U);
  EXPECT_EQ(plan.protocol_texts, (Texts{{"request", "PING\\r\\n"}, {"reply_delimiter", "\\r\\n"}}));
}

TEST(LoadOptions, AUrlIsATargetOfHttp) {
  LoadOptions options;
  options.target = "http://[::1]:8080/a?b#c";
  const LoadPlan plan = make_plan(options);
  EXPECT_EQ(plan.protocol_name, "http");
  EXPECT_EQ(plan.target.text(), "[::1]:8080");
  EXPECT_EQ(plan.protocol_texts, (Texts{{"path", "/a?b"}, {"host", "[::1]:8080"}}));
  options.target = "http://127.0.0.1";
  EXPECT_EQ(make_plan(options).target.text(), "127.0.0.1:80");
  EXPECT_EQ(make_plan(options).protocol_texts, (Texts{{"path", "/"}, {"host", "127.0.0.1"}}));
  options.target = "http://[::1]?q";
  EXPECT_EQ(make_plan(options).target.text(), "[::1]:80");
  EXPECT_EQ(make_plan(options).protocol_texts.front().second, "/?q");
}

// Would catch: HTTP:// taken for a host, a password sent as part of the name, and an IPv6 address without brackets
// whose last group is taken for the port.
TEST(LoadOptions, UrlsAreParsedAsRfc3986HasThem) {
  LoadOptions options;
  options.target = "HTTP://127.0.0.1:81/%20?a=b://c";
  EXPECT_EQ(make_plan(options).target.text(), "127.0.0.1:81");
  EXPECT_EQ(make_plan(options).protocol_texts.front().second, "/%20?a=b://c");
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"https://127.0.0.1/", "TLS"},
      {"HTTPS://127.0.0.1/", "TLS"},
      {"ws://127.0.0.1/", "'ws' is unknown"},
      {"http://user:secret@127.0.0.1/", "give --header 'Authorization: ...'"},
      {"http://::1:8080/a", "write http://[::1]:8080/"},
      {"http://fe80::1:2:3:4:5:6/", "write http://["},
      {"http://::1/", "write http://[::1]/"},
      {"http://127.0.0.1:99999/", "no URL"},
      {"http://127.0.0.1:/", "no URL"},
      {"http:///path", "no URL"},
      {"http://127.0.0.1/a b", "no URL"},
      {"http://127.0.0.1/\r\nX: y", "no URL"},
      {"http://127.0.0.1/" + std::string(70'000, 'x'), "no URL"},
  };
  for (const auto& [target, said] : wrong) {
    options.target = target;
    try {
      make_plan(options);
      ADD_FAILURE() << "taken: " << target;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(said), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    }
  }
}

TEST(LoadOptions, AUrlAndWhatContradictsItAreRefused) {
  for (const auto& [target, protocol, option] :
       {std::tuple("https://127.0.0.1/", "http", "host"), std::tuple("http://127.0.0.1/", "echo", "host"),
        std::tuple("http://127.0.0.1/", "http", "path"), std::tuple("http://example.org/", "http", "host")}) {
    LoadOptions options;
    options.target = target;
    options.protocol = protocol;
    options.protocol_options = {{option, "/x"}};
    EXPECT_THROW(make_plan(options), std::invalid_argument) << target << " " << protocol << " " << option;
  }
}

TEST(LoadOptions, HttpTakesHeadersAndABody) {
  const LoadPlan plan = parse({"--protocol", "http", "--method", "POST", "--header", "A: b", "--header", "C: d, e",
                               "--body", "hello", "--expect-status", "201"});
  EXPECT_EQ(plan.protocol_texts,
            (Texts{{"method", "POST"}, {"body", "hello"}, {"expect_status", "201"}, {"headers", "A: b\nC: d, e"}}));
  const std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\nA: b\r\nC: d, e\r\nContent-Length: 5\r\n\r\nhello";
  EXPECT_EQ(plan.request_bytes, request.size());
}

// Would catch: --host passed over without a word, or a Host field beside the one of a header.
TEST(LoadOptions, OneHostIsSentWhereverItStands) {
  const std::string contradict = "--host and a --header 'Host: ...' contradict each other: give one";
  EXPECT_EQ(refusal_of_arguments({"--protocol", "http", "--host", "a", "--header", "hOST: b"}), contradict);
  const auto mix = [](std::vector<std::string> more) {
    const std::vector<std::string> common{"--protocol", "http", "--mix", "1 name=plain"};
    more.insert(more.begin(), common.begin(), common.end());
    return refusal_of_arguments(more);
  };
  EXPECT_EQ(mix({"--mix", "1 header='Host: b'", "--host", "a"}), "taken") << "what a class says rules over --host";
  EXPECT_NE(mix({"--mix", "1 host=c header='Host: b'"}).find(contradict), std::string::npos);
  EXPECT_NE(mix({"--mix", "1 header='Host: b'", "--header", "Host: a"}).find("is a second Host"), std::string::npos);
  LoadOptions options;
  options.target = "http://127.0.0.1/";
  options.protocol_options = {{"header", "Host: b"}};
  EXPECT_EQ(make_plan(options).protocol_texts, (Texts{{"headers", "Host: b"}, {"path", "/"}}));
}

TEST(LoadOptions, AMixHasClassesWithOptionsOfTheirOwn) {
  const LoadPlan plan = parse({"--protocol", "http", "--header", "A: b", "--path", "/x", "--mix", "99 name=small",
                               "--mix", "1 path='/a?b=c' header=\"C: d e\" method=HEAD"});
  ASSERT_EQ(plan.classes.size(), 2U);
  EXPECT_EQ(plan.classes[0].name, "small");
  EXPECT_EQ(plan.classes[1].name, "path=/a?b=c header=C: d e method=HEAD");
  EXPECT_EQ(plan.classes[0].weight, 99);
  EXPECT_EQ(plan.classes[0].request_bytes, std::string("GET /x HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\r\n").size());
  EXPECT_EQ(plan.classes[1].request_bytes,
            std::string("HEAD /a?b=c HTTP/1.1\r\nHost: localhost\r\nA: b\r\nC: d e\r\n\r\n").size());
  EXPECT_EQ(plan.protocol_texts, (Texts{{"path", "/x"}, {"headers", "A: b"}}));
  EXPECT_TRUE(plan.has_statuses);
}

// What the classes leave open need not be complete by itself.
TEST(LoadOptions, AMixOfRawRequestsSharesTheirEnd) {
  const LoadPlan plan = parse({"--protocol", "raw", "--reply-delimiter", "\\r\\n", "--mix", "1 request=PING\\r\\n",
                               "--mix", "1 request='GET key\\r\\n'"});
  EXPECT_EQ(plan.classes[0].request_bytes, 6U);
  EXPECT_EQ(plan.classes[1].request_bytes, 9U);
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

// Would catch: a message that does not say which of several --mix is wrong.
TEST(LoadOptions, RefusesAWrongMixByItsText) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"--mix", "1 name=a"}, "1 --mix: give 2 to 16"},
      {{"--mix", "1", "--mix", "0 name=a"}, "--mix '0 name=a': '0' is no weight above 0"},
      {{"--mix", "1", "--mix", "-1 name=a"}, "no weight above 0"},
      {{"--mix", "1", "--mix", "nan name=a"}, "no weight above 0"},
      {{"--mix", "1", "--mix", "1e10 name=a"}, "no weight above 0"},
      {{"--mix", "1", "--mix", "1% name=a"}, "no weight above 0"},
      {{"--mix", "1", "--mix", ""}, "no weight above 0"},
      {{"--mix", "1", "--mix", "1 heavy"}, "'heavy' is no KEY=VALUE"},
      {{"--mix", "1", "--mix", "1 =heavy"}, "'=heavy' is no KEY=VALUE"},
      {{"--mix", "1", "--mix", "1 payload='x"}, "a quote that does not end"},
      {{"--mix", "1", "--mix", "1 depth=4"}, "--mix '1 depth=4': protocol 'echo' does not take --depth"},
      {{"--mix", "1", "--mix", "1 payload-size=0"}, "--mix '1 payload-size=0': --payload-size 0 is out of range"},
      {{"--mix", "1", "--mix", "2"}, "another class is called 'plain'"},
      {{"--mix", "1", "--mix", "1 name=a", "--suffix", "x"}, "protocol 'echo' does not take --suffix"},
      {{"--mix", "1", "--mix", "1 name=a", "--protocol", "greet"}, "several requests per connection"},
      {{"--mix", "1", "--mix", "1 name=a", "--protocol", "sink"}, "several requests per connection"},
      {{"--mix", "1", "--mix", "1 name=a", "--protocol", "chat"}, "protocol chat"},
  };
  for (const auto& [arguments, message] : wrong) {
    try {
      parse(arguments);
      ADD_FAILURE() << message;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

// Would catch: a rate above 0 that is told to be above 0; two ends of a reply called too few.
TEST(LoadOptions, WhatIsRefusedIsTrue) {
  EXPECT_EQ(refusal_of_arguments({"--rate", "999M"}),
            "--rate 999000000 is out of range: give requests per second, above 0 and at most 100000000");
  EXPECT_EQ(refusal_of_arguments({"--ramp", "1..999M"}),
            "--ramp 1..999M: '999M' is no rate from 0 to 100000000: give FROM..TO in requests per second, such as "
            "1000..5000");
  EXPECT_NE(refusal_of_arguments({"--protocol", "raw", "--request", "x", "--reply-size", "7", "--reply-delimiter", "x"})
                .find("contradict each other: give one"),
            std::string::npos);
  EXPECT_EQ(refusal_of_arguments({"--control", "999999999999"}),
            "--control 999999999999 is out of range: give 0 to 2147483647");
}

// Would catch: `--expect ''` taken for no --expect, so that every reply is right; an --expect with the delimiter in it,
// for which a run waits in vain.
TEST(LoadOptions, WhatARawReplyMustBeCanBe) {
  const auto with = [](std::vector<std::string> more) {
    const std::vector<std::string> raw{"--protocol", "raw", "--request", "x", "--reply-delimiter", "\\r\\n"};
    more.insert(more.begin(), raw.begin(), raw.end());
    return refusal_of_arguments(more);
  };
  EXPECT_EQ(with({"--expect", "+PONG\\r"}), "taken");
  EXPECT_EQ(with({"--expect", ""}), "--expect is empty: give at least one byte, or leave it out");
  EXPECT_EQ(with({"--expect", "+PONG\\r\\n"}),
            "--expect holds --reply-delimiter, at which a reply ends: leave the delimiter out of it");
  EXPECT_EQ(with({"--setup-request", "x", "--setup-reply-delimiter", ";", "--setup-expect", "a;b"}),
            "--setup-expect holds --setup-reply-delimiter, at which a reply ends: leave the delimiter out of it");
  for (const char* option : {"--reply-pattern", "--greeting-delimiter", "--greeting-pattern", "--setup-request",
                             "--setup-reply-delimiter", "--setup-reply-pattern", "--setup-expect"}) {
    EXPECT_EQ(with({option, ""}), std::string(option) + " is empty: give at least one byte, or leave it out");
  }
  EXPECT_NE(refusal_of_arguments({"--protocol", "http", "--expect-body", ""}), "taken");
  EXPECT_NE(refusal_of_arguments({"--protocol", "http", "--expect-body-pattern", ""}), "taken");
  EXPECT_EQ(refusal_of_arguments({"--protocol", "http", "--body", ""}), "taken");
}

// Each line is one way to get it wrong; would catch a run that starts with a default in place of what was asked.
TEST(LoadOptions, RefusesNonsense) {
  const std::vector<std::vector<std::string>> wrong{
      {"-c", "0"},
      {"-c", "-5"},
      {"-t", "0"},
      {"-c", "2", "-t", "3"},
      {"--rate", "0"},
      {"--rate", "-1"},
      {"--rate", "nan"},
      {"--rate", "1e99"},
      {"--arrival", "poisson"},
      {"--rate", "10", "--arrival", "gusts"},
      {"--rate", "10", "--arrival", "bursts"},
      {"--rate", "10", "--arrival", "bursts:0"},
      {"--rate", "10", "--arrival", "bursts:2x"},
      {"--arrival", "bursts:5"},
      {"--arrival", "trace:"},
      {"--arrival", "trace:/nonexistent"},
      {"--ramp", "10"},
      {"--ramp", "..10"},
      {"--ramp", "1..x"},
      {"--ramp", "-1..5"},
      {"--ramp", "0..0"},
      {"--ramp", "1..5", "--rate", "3"},
      {"--ramp", "1..5", "--requests", "3"},
      {"--ramp", "1..5", "--arrival", "bursts:3"},
      {"--ramp", "1..5", "--think", "1s"},
      {"--ramp", "1..5", "--warmup", "auto"},
      {"--warmup", "-1s"},
      {"--warmup", "long"},
      {"--rate", "10", "--think", "1s"},
      {"--duration", "0"},
      {"--duration", "-1s"},
      {"--duration", "10 parsecs"},
      {"--duration", "1s", "--requests", "5"},
      {"--requests", "0"},
      {"--timeout", "0"},
      {"--depth", "0"},
      {"--depth", "65536"},
      {"--depth", "2", "--driver", "threads"},
      {"--depth", "2", "--protocol", "greet"},
      {"--requests-per-connection", "2", "--protocol", "greet"},
      {"--payload-size", "0"},
      {"--payload-size", "5", "--payload", "hello"},
      {"--payload", ""},
      {"--protocol", "nonsense"},
      {"--protocol", "raw"},
      {"--protocol", "raw", "--request", "x"},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--reply-pattern", "z"},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--reply-limit", "9"},
      {"--protocol", "raw", "--request", "x", "--reply-pattern", "("},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--setup-request", "z"},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--setup-expect", "z"},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--greeting-pattern", "("},
      {"--setup-request", "PING"},
      {"--greeting-delimiter", "!"},
      {"--protocol", "raw", "--reply-size", "1", "--mix", "1 request=x setup-request=z", "--mix", "1 request=y"},
      {"--request", "PING"},
      {"--suffix", "!"},
      {"--protocol", "http", "--payload", "x"},
      {"--protocol", "http", "--path", "no slash"},
      {"--protocol", "http", "--header", "no colon"},
      {"--protocol", "http", "--expect-status", "ok"},
      {"--protocol", "http", "--expect-body", "x", "--method", "HEAD"},
      {"--protocol", "http", "--expect-body-pattern", "("},
      {"--expect-body", "x"},
      {"--protocol", "http", "--body", "x", "--body-file", "y"},
      {"--protocol", "http", "--body-file", "/nonexistent"},
      {"--protocol", "http", "--body-file", "/"},
      {"--header", "A: b"},
      {"--payload-size", "many"},
      {"--protocol", "chat", "--payload-size", "16"},
      {"--protocol", "large", "--reply-size", "0"},
      {"--protocol", "raw", "--request", "\\q", "--reply-delimiter", "x"},
      {"--driver", "uring"},
      {"--driver", "threads", "-t", "2"},
      {"--close", "gently"},
      {"--timestamps", "--driver", "io-uring"},
      {"--timestamps", "--driver", "threads"},
      {"--timestamps", "--read-rate", "1000"},
      {"--timestamps", "--send-rate", "1000"},
      {"--idle", "-1"},
      {"--server-pid", "0"},
      {"--seed", "-1"},
      {"--requests", "99999999999999999999"},
  };
  for (const auto& arguments : wrong) {
    std::string text;
    for (const std::string& argument : arguments) {
      text += argument + " ";
    }
    EXPECT_THROW(parse(arguments), std::invalid_argument) << text;
  }
}

TEST(LoadOptions, OtherMachinesNeedPermission) {
  LoadOptions options;
  options.target = "192.0.2.1:80";
  EXPECT_THROW(make_plan(options), std::invalid_argument);
  options.allow_remote = true;
  EXPECT_EQ(make_plan(options).target.text(), "192.0.2.1:80");
}

}  // namespace
}  // namespace fanin
