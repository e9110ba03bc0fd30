// What the command line says of protocols, and of requests of several classes.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/options.h"
#include "loadgen/plan/parse_arguments.h"

namespace fanin::load {
namespace {

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
  const LoadPlan plan = parse_arguments({"--protocol", "http", "--method", "POST", "--header", "A: b", "--header",
                                         "C: d, e", "--body", "hello", "--expect-status", "201"});
  EXPECT_EQ(plan.protocol_texts,
            (Texts{{"method", "POST"}, {"headers", "A: b\nC: d, e"}, {"body", "hello"}, {"expect_status", "201"}}));
  const std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\nA: b\r\nC: d, e\r\nContent-Length: 5\r\n\r\nhello";
  EXPECT_EQ(plan.request_bytes, request.size());
}

// Would catch: --host ignored silently, or a second Host field.
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
  const LoadPlan plan = parse_arguments({"--protocol", "http", "--header", "A: b", "--path", "/x", "--mix",
                                         "99 name=small", "--mix", "1 path='/a?b=c' header=\"C: d e\" method=HEAD"});
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
  const LoadPlan plan = parse_arguments({"--protocol", "raw", "--reply-delimiter", "\\r\\n", "--mix",
                                         "1 request=PING\\r\\n", "--mix", "1 request='GET key\\r\\n'"});
  EXPECT_EQ(plan.classes[0].request_bytes, 6U);
  EXPECT_EQ(plan.classes[1].request_bytes, 9U);
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
      {{"--mix", "1", "--mix", "1 pipeline=4"}, "--mix '1 pipeline=4': protocol 'echo' does not take --pipeline"},
      {{"--mix", "1", "--mix", "1 payload-bytes=0"}, "--mix '1 payload-bytes=0': --payload-bytes 0 is out of range"},
      {{"--mix", "1", "--mix", "2"}, "another class is called 'plain'"},
      {{"--mix", "1", "--mix", "1 name=a", "--suffix", "x"}, "protocol 'echo' does not take --suffix"},
      {{"--mix", "1", "--mix", "1 name=a", "--protocol", "greet"}, "several requests per connection"},
      {{"--mix", "1", "--mix", "1 name=a", "--protocol", "discard"}, "several requests per connection"},
      {{"--mix", "1", "--mix", "1 name=a", "--protocol", "chat"}, "protocol chat"},
  };
  for (const auto& [arguments, message] : wrong) {
    try {
      parse_arguments(arguments);
      ADD_FAILURE() << message;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

TEST(Unescape, KnowsTheCEscapes) {
  EXPECT_EQ(unescape("PING\\r\\n"), "PING\r\n");
  EXPECT_EQ(unescape("a\\tb\\\\n"), "a\tb\\n");
  EXPECT_EQ(unescape("\\x00\\xfF").size(), 2U);
  EXPECT_EQ(unescape("\\0"), std::string(1, '\0'));
  EXPECT_EQ(unescape("plain"), "plain");
}

// Would catch: a typing error that is sent as it stands.
TEST(Unescape, RefusesWhatIsNone) {
  for (const char* text : {"\\", "\\q", "\\x", "\\x1", "\\xzz"}) {
    EXPECT_THROW(unescape(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace fanin::load
