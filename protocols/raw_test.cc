// The client half of raw: the end of a reply, and its expected text.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_options.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"

namespace fanin::protocols {
namespace {

ClientProtocolOptions ping(std::string expect = "") {
  return {.request = "PING\r\n", .reply_delimiter = "\r\n", .expect = std::move(expect)};
}

TEST(RawClient, FindsTheDelimiterThroughAnyFragmentation) {
  const auto client = find_protocol("raw").make_client(ping());
  const std::string replies = "+PONG\r\n\r+A\r\r\n";
  for (std::size_t split = 0; split <= replies.size(); ++split) {
    ClientState state;
    std::string requests;
    client->append_request(state, requests);
    client->append_request(state, requests);
    EXPECT_EQ(verify(*client, state, replies, split).completed, 2u) << split;
  }
}

TEST(RawClient, ChecksTheExpectedReply) {
  const auto client = find_protocol("raw").make_client(ping("+PONG"));
  ClientState state;
  std::string request;
  client->append_request(state, request);
  EXPECT_EQ(client->consume(state, "+PONG\r\n").completed, 1u);
  client->append_request(state, request);
  EXPECT_TRUE(client->consume(state, "-ERR\r\n").mismatch);
}

// Would catch: the delimiter automaton forgets a partial match ("aab" in "aaab").
TEST(RawClient, DelimiterThatOverlapsItself) {
  const auto client = find_protocol("raw").make_client({.request = "x", .reply_delimiter = "aab"});
  ClientState state;
  std::string request;
  client->append_request(state, request);
  EXPECT_EQ(client->consume(state, "aaab").completed, 1u);
}

TEST(RawClient, CountsToTheLengthThroughAnyFragmentation) {
  const auto client = find_protocol("raw").make_client({.request = "x", .reply_bytes = 3});
  const std::string replies = "abc\r\nx";
  for (std::size_t split = 0; split <= replies.size(); ++split) {
    ClientState state;
    std::string requests;
    client->append_request(state, requests);
    client->append_request(state, requests);
    EXPECT_EQ(verify(*client, state, replies, split).completed, 2u) << split;
    EXPECT_TRUE(client->consume(state, "y").mismatch) << "a byte too many";
  }
}

struct PatternCase {
  const char* pattern;
  const char* stream;
  std::vector<std::size_t> ends;  // expected ends of its replies
};

class RawPattern : public testing::TestWithParam<PatternCase> {};

// Would catch: the end of a reply depends on its fragmentation: greedy matches ("a+"), alternatives of which the longer
// begins earlier ("abcd|c"), look-behind and look-ahead.
TEST_P(RawPattern, EndsAtTheFirstByteThatMatches) {
  const auto& [pattern, stream, ends] = GetParam();
  const std::string_view text(stream);
  const auto client = find_protocol("raw").make_client({.request = "x", .reply_pattern = pattern});
  ClientState prepared;
  std::string requests;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    client->append_request(prepared, requests);
  }
  ClientState state = prepared;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends_here = std::find(ends.begin(), ends.end(), i + 1) != ends.end();
    const ReplyOutcome outcome = client->consume_all(state, text.substr(i, 1));
    ASSERT_EQ(outcome.completed, ends_here ? 1u : 0u) << i;
    ASSERT_FALSE(outcome.mismatch) << i;
  }
  for (std::size_t split = 0; split <= text.size(); ++split) {
    state = prepared;
    const ReplyOutcome outcome = verify(*client, state, text, split);
    ASSERT_EQ(outcome.completed, ends.size()) << split;
    ASSERT_FALSE(outcome.mismatch) << split;
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, RawPattern,
                         testing::Values(PatternCase{"\\r\\n", "+PONG\r\n\r+A\r\r\n", {7, 13}},
                                         PatternCase{"a+", "aaba", {1, 2, 4}}, PatternCase{"abcd|c", "abcxabc", {3, 7}},
                                         PatternCase{"(?<=cd)e", "xecde", {5}}, PatternCase{"(ab)+(?=c)", "ababc", {5}},
                                         PatternCase{"^-1\r\n|^\\+.*\r\n", "-1\r\n+-1\r\n", {4, 9}},
                                         PatternCase{"(?s)BEGIN.*END", "xBEGIN\nENEND", {12}},
                                         PatternCase{"\\$", "a$", {2}}));

TEST(RawPattern, ChecksTheExpectedReply) {
  const auto client = find_protocol("raw").make_client({.request = "x", .reply_pattern = "\n", .expect = "OK\n"});
  ClientState prepared;
  std::string request;
  client->append_request(prepared, request);
  for (std::size_t split = 0; split <= 3; ++split) {
    ClientState state = prepared;
    EXPECT_EQ(verify(*client, state, "OK\n", split).completed, 1u);
    EXPECT_TRUE(client->consume(state, "O").mismatch) << "unsolicited";
    state = prepared;
    const ReplyOutcome wrong = verify(*client, state, "KO\n", split);
    EXPECT_TRUE(wrong.mismatch);
    EXPECT_EQ(wrong.fault, Fault::kWrong);
  }
}

// Would catch: a reply that never ends fills the memory; a part of a reply from an earlier life of the connection
// counts for the next.
TEST(RawPattern, TooLongIsAnErrorOfItsOwn) {
  const auto client = find_protocol("raw").make_client({.request = "x", .reply_pattern = "\n", .reply_limit = 5});
  ClientState prepared;
  std::string request;
  client->append_request(prepared, request);
  for (std::size_t split = 0; split <= 6; ++split) {
    ClientState state = prepared;
    EXPECT_EQ(verify(*client, state, "1234\n", std::min<std::size_t>(split, 5)).completed, 1u);
    state = prepared;
    client->consume(state, "12");
    state = prepared;
    ReplyOutcome outcome;
    for (const std::string_view part : cut("12345\n", split)) {
      outcome = outcome.mismatch ? outcome : client->consume_all(state, part);
    }
    EXPECT_TRUE(outcome.mismatch) << split;
    EXPECT_EQ(outcome.fault, Fault::kTooLong) << split;
  }
}

// Would catch: a pattern backtracks on a reply until the end of the run, in any fragmentation.
TEST(RawPattern, OneThatBacktracksIsAnErrorOfItsOwn) {
  for (const char* pattern : {"(a+)+b", "(a|aa)+b", "(a*)*(a*)*b", "a(?:a|c)*?b"}) {
    const auto client = find_protocol("raw").make_client({.request = "x", .reply_pattern = pattern});
    ClientState prepared;
    std::string request;
    client->append_request(prepared, request);
    for (const std::size_t split : {0U, 100U, 20'000U}) {
      ClientState state = prepared;
      const ReplyOutcome outcome = verify(*client, state, std::string(40'000, 'a'), split);
      EXPECT_TRUE(outcome.mismatch) << pattern;
      EXPECT_EQ(outcome.fault, Fault::kPatternLimit) << pattern;
    }
    ClientState state = prepared;
    EXPECT_EQ(verify(*client, state, "aaab", 2).completed, 1u) << pattern;
  }
}

// Would catch: a pattern that reads a long reply once reaches the limit.
TEST(RawPattern, ALongReplyIsWithinTheLimit) {
  for (const char* pattern : {"a(?:x|y)*?END", "(*ANYCRLF)(?x) a (?:x|y)*? END  # the end"}) {
    const auto client = find_protocol("raw").make_client({.request = "x", .reply_pattern = pattern});
    ClientState state;
    std::string request;
    for (const std::size_t split : {0U, 20'000U, 60'000U}) {
      client->append_request(state, request);
      const std::string reply = std::string(10'000, 'h') + "a" + std::string(50'000, 'x') + "END";
      EXPECT_EQ(verify(*client, state, reply, split).completed, 1u) << pattern << " in parts of " << split;
    }
  }
}

TEST(RawClient, RefusesOptionsThatEndNoReply) {
  for (const char* pattern : {"(", "a*", "OK$", "$", "\\\\$", "(?=)"}) {
    EXPECT_THROW(find_protocol("raw").make_client({.request = "x", .reply_pattern = pattern}), std::invalid_argument)
        << pattern;
  }
  EXPECT_THROW(find_protocol("raw").make_client({.request = "x", .reply_delimiter = "y", .reply_bytes = 3}),
               std::invalid_argument);
  EXPECT_THROW(find_protocol("raw").make_client({.request = "x", .reply_bytes = 3, .expect = "four"}),
               std::invalid_argument);
}

}  // namespace
}  // namespace fanin::protocols
