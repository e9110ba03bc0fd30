#include "protocols/client_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "protocols/client_options.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"

namespace fanin::protocols {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Progress = ConnectionSetup::Progress;

ClientProtocolOptions make_options(const ClientProtocolOptions& setup) {
  ClientProtocolOptions options = setup;
  options.request = "PING\r\n";
  options.reply_delimiter = "\r\n";
  return options;
}

ClientProtocolOptions mail() {
  return make_options({.greeting_pattern = "(?m)^220 .*\r\n",
                       .setup_request = "EHLO me\r\n",
                       .setup_reply_pattern = "(?m)^250 .*\r\n"});
}

// Would catch: a greeting counts as a reply, or a step begins before the previous one is complete. The server's stream
// is cut at every byte.
TEST(ConnectionSetup, WaitsForTheGreetingAndTheReplyInAnyFragmentation) {
  const std::string greeting = "220-welcome\r\n220 ready\r\n";
  const std::string reply = "250-SIZE\r\n250 HELP\r\n";
  const auto client = find_protocol("raw").make_client(mail());
  ConnectionSetup& setup = *client->setup();
  for (std::size_t cut = 1; cut < greeting.size(); ++cut) {
    ClientState state{.connection = 7};
    EXPECT_EQ(setup.next_request(state), "");
    EXPECT_EQ(setup.consume(state, greeting.substr(0, cut)), Progress::kWaiting);
    EXPECT_EQ(setup.consume(state, greeting.substr(cut)), Progress::kNextStep);
    EXPECT_EQ(setup.next_request(state), "EHLO me\r\n");
    for (std::size_t i = 0; i < reply.size(); ++i) {
      EXPECT_EQ(setup.consume(state, reply.substr(i, 1)), i + 1 < reply.size() ? Progress::kWaiting : Progress::kDone);
    }
  }
}

// Would catch: bytes after the last set-up reply are dropped, and the first reply to a request lacks them.
TEST(ConnectionSetup, FailsForAWrongReplyAndForMoreThanTheReply) {
  const auto client = find_protocol("raw").make_client(
      make_options({.setup_request = "AUTH x\r\n", .setup_reply_delimiter = "\r\n", .setup_expect = "+OK"}));
  for (const auto& [received, progress] : {std::pair{"+OK\r\n", Progress::kDone},
                                           {"+O", Progress::kWaiting},
                                           {"-ERR invalid password\r\n", Progress::kFailed},
                                           {"+OK\r\n+OK\r\n", Progress::kFailed}}) {
    ClientState state{.connection = 1};
    client->setup()->next_request(state);
    EXPECT_EQ(client->setup()->consume(state, received), progress) << received;
  }
}

TEST(ConnectionSetup, TakesRepliesOfALength) {
  const auto client = find_protocol("raw").make_client(
      make_options({.greeting_delimiter = "!", .setup_request = "\x01", .setup_reply_bytes = 3}));
  ClientState state{.connection = 1};
  EXPECT_EQ(client->setup()->next_request(state), "");
  EXPECT_EQ(client->setup()->consume(state, "hello!"), Progress::kNextStep);
  EXPECT_EQ(client->setup()->next_request(state), "\x01");
  EXPECT_EQ(client->setup()->consume(state, "ab"), Progress::kWaiting);
  EXPECT_EQ(client->setup()->consume(state, "c"), Progress::kDone);
}

TEST(ConnectionSetup, IsNoneByDefault) {
  EXPECT_EQ(find_protocol("raw").make_client(make_options({}))->setup(), nullptr);
  EXPECT_EQ(find_protocol("echo").make_client({})->setup(), nullptr);
}

TEST(ConnectionSetup, RefusesContradictions) {
  const auto make = [](const ClientProtocolOptions& setup) { find_protocol("raw").make_client(make_options(setup)); };
  const auto refused = [](const char* text) { return ThrowsMessage<std::invalid_argument>(HasSubstr(text)); };
  EXPECT_THAT([&] { make({.greeting_delimiter = "a", .greeting_pattern = "b"}); }, refused("contradict"));
  EXPECT_THAT([&] { make({.setup_request = "a"}); }, refused("the end of its reply"));
  EXPECT_THAT([&] { make({.setup_reply_delimiter = "a"}); }, refused("needs --setup-request"));
  EXPECT_THAT([&] { make({.setup_expect = "a"}); }, refused("needs --setup-request"));
  EXPECT_THAT([&] { make({.setup_request = "a", .setup_reply_bytes = 2, .setup_expect = "b"}); }, refused("agree"));
}

// The client's description of the mismatch in a reply that arrives in these pieces.
Mismatch describe_mismatch(ClientProtocol& client, const std::vector<std::string_view>& pieces, int requests = 1) {
  ClientState state = after_requests(client, requests, 3);
  for (const std::string_view piece : pieces) {
    std::string_view rest = piece;
    while (!rest.empty()) {
      const ReplyOutcome outcome = client.consume(state, rest);
      if (outcome.mismatch || outcome.refused == kByBody) {
        return client.describe(state, rest, outcome);
      }
      rest = rest.substr(rest.size() - outcome.unread);
    }
  }
  ADD_FAILURE() << "no mismatch";
  return {};
}

Mismatch describe_mismatch(const char* protocol, const ClientProtocolOptions& options,
                           const std::vector<std::string_view>& pieces, int requests = 1) {
  return describe_mismatch(*find_protocol(protocol).make_client(options), pieces, requests);
}

// Would catch: the description of an HTTP mismatch lacks its kind.
TEST(Mismatch, HttpSaysWhatIsWrong) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string long_head = ok + "X: " + std::string(200'000, 'x');
  struct Case {
    std::string reply;
    Fault fault;
  };
  for (const Case& each :
       {Case{"+PONG\r\n", Fault::kNotHttp}, Case{"HTTP/2.0 200 OK\r\n\r\n", Fault::kNotHttp},
        Case{ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", Fault::kHttpLengthTwice},
        Case{ok + "Content-Length: x\r\n\r\n", Fault::kHttpLength},
        Case{ok + "Content-Length : 1\r\n\r\nx", Fault::kHttpField}, Case{chunked + "zz\r\n", Fault::kHttpChunk},
        Case{chunked + "1\r\nxXX", Fault::kHttpChunk}, Case{long_head, Fault::kHttpHeadTooLong}}) {
    const Mismatch mismatch = describe_mismatch("http", {}, {each.reply});
    EXPECT_EQ(mismatch.fault, each.fault) << each.reply.substr(0, 80);
    EXPECT_EQ(mismatch.received, each.reply.substr(0, Mismatch::kShown));
    EXPECT_EQ(mismatch.offset, std::nullopt);
  }
  EXPECT_EQ(describe_mismatch("http", {}, {"+PONG\r\n"}).expected, "HTTP/1.");
  const std::string more = ok + "Content-Length: 1\r\n\r\nxHTTP/1.1 200";
  EXPECT_EQ(describe_mismatch("http", {}, {more}).fault, Fault::kUnasked);
  EXPECT_EQ(describe_mismatch("http", {}, {more}).received, "HTTP/1.1 200");
}

// Would catch: the description of a wrong body shows the head.
TEST(Mismatch, ShowsTheExpectedBody) {
  const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo";
  Mismatch mismatch = describe_mismatch("http", {.expect_body = "hello"}, {reply});
  EXPECT_EQ(mismatch.fault, Fault::kHttpBody);
  EXPECT_EQ(mismatch.received, "hallo");
  EXPECT_EQ(mismatch.expected, "hello");
  EXPECT_EQ(describe_mismatch("http", {.expect_body_pattern = "h.llo!"}, {reply}).expected, "");
}

// Would catch: the offset or the bytes are those of the received piece, not those of the reply.
TEST(Mismatch, ShowsTheWrongPieceOfAReply) {
  Mismatch mismatch =
      describe_mismatch("raw", {.request = "x", .reply_delimiter = "\n", .expect = "abcdef"}, {"abc", "dXf\n"});
  EXPECT_EQ(mismatch.offset, 4U);
  EXPECT_EQ(mismatch.received, "dXf\n");
  EXPECT_EQ(mismatch.expected, "def\n");
  mismatch = describe_mismatch("raw", {.request = "x", .reply_pattern = "\\n", .expect = "abcdef\n"}, {"abc", "dXf\n"});
  EXPECT_EQ(mismatch.offset, 4U);
  EXPECT_EQ(mismatch.received, "dXf\n");
  EXPECT_EQ(mismatch.expected, "def\n");
  mismatch = describe_mismatch("raw", {.request = "x", .reply_bytes = 3}, {"abcde"});
  EXPECT_EQ(mismatch.fault, Fault::kUnasked);
  EXPECT_EQ(mismatch.received, "de");
  mismatch = describe_mismatch("bulk", {.payload = "x\n", .reply_bytes = 100}, {"no such text"});
  EXPECT_EQ(mismatch.fault, Fault::kWrong);
  EXPECT_EQ(mismatch.received, "no such text");
  EXPECT_EQ(mismatch.expected.size(), Mismatch::kShown);
}

// Would catch: a repeated line of this connection is reported as a wrong byte.
TEST(Mismatch, NamesAChatLineThatIsNotDue) {
  const auto client = find_protocol("chat").make_client({.payload_bytes = 20});
  ClientState state{.connection = 3};
  std::string line;
  client->append_request(state, line);
  EXPECT_EQ(describe_mismatch("chat", {.payload_bytes = 20}, {line, line}, 2).fault, Fault::kOwnLine);
  EXPECT_EQ(describe_mismatch("chat", {.payload_bytes = 20}, {"hello"}).fault, Fault::kWrong);
}

// Would catch: the description of a failed set-up lacks the server's reply, or the bytes after it.
TEST(Mismatch, ShowsTheServersReplyToASetUp) {
  const ClientProtocolOptions options{.request = "x",
                                      .reply_delimiter = "\n",
                                      .setup_request = "AUTH\n",
                                      .setup_reply_delimiter = "\n",
                                      .setup_expect = "+OK"};
  const auto client = find_protocol("raw").make_client(options);
  for (const std::string_view answer : {"-ERR no\n", "+OK\nmore"}) {
    ClientState state;
    client->setup()->next_request(state);
    ASSERT_EQ(client->setup()->consume(state, answer), ConnectionSetup::Progress::kFailed);
    const Mismatch mismatch = client->setup()->describe(state, answer);
    EXPECT_EQ(mismatch.received, answer.starts_with('-') ? answer : "more");
    EXPECT_EQ(mismatch.fault, answer.starts_with('-') ? Fault::kWrong : Fault::kGoesOn);
    EXPECT_EQ(mismatch.expected, answer.starts_with('-') ? "+OK\n" : "");
  }
}

ClientState of_connection(std::uint32_t number) { return {.connection = number}; }

TEST(PartialReplies, EachConnectionHasItsOwn) {
  PartialReplies<std::string> partial;
  partial.begin(of_connection(1)) = "one";
  partial.begin(of_connection(2)) = "two";
  partial.get(of_connection(1)) += " more";
  EXPECT_EQ(partial.get(of_connection(1)), "one more");
  EXPECT_EQ(partial.get(of_connection(2)), "two");
}

// Would catch: a reply continues one from an earlier life of its connection, or one of another connection in the same
// memory.
TEST(PartialReplies, ANewRecordIsEmpty) {
  PartialReplies<std::string> partial;
  partial.begin(of_connection(1)) = "left";
  EXPECT_EQ(partial.begin(of_connection(1)), "");
  partial.get(of_connection(1)) = "ended";
  partial.end(of_connection(1));
  EXPECT_EQ(partial.begin(of_connection(2)), "");
}

// Would catch: each incomplete reply allocates memory.
TEST(PartialReplies, MemoryIsUsedAgain) {
  PartialReplies<std::string> partial;
  const std::string* const first = &partial.begin(of_connection(1));
  partial.end(of_connection(1));
  EXPECT_EQ(&partial.begin(of_connection(2)), first);
}

// Would catch: the end of the map is read as a record when a reply of one class of a mix continues as another class.
TEST(PartialReplies, AMissingRecordIsNew) {
  PartialReplies<std::string> partial;
  EXPECT_EQ(partial.get(of_connection(1)), "");
}

TEST(PartialReplies, EndingAMissingRecordDoesNothing) {
  PartialReplies<std::string> partial;
  partial.begin(of_connection(1)) = "one";
  partial.end(of_connection(2));
  EXPECT_EQ(partial.get(of_connection(1)), "one");
}

}  // namespace

}  // namespace fanin::protocols
