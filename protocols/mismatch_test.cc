#include "protocols/mismatch.h"

#include <gtest/gtest.h>

#include "protocols/client_protocol.h"
#include "protocols/options.h"
#include "protocols/registry.h"

namespace fanin {
namespace {

// The client's description of a reply that arrives in these pieces, after so many requests.
Mismatch told(ClientProtocol& client, const std::vector<std::string_view>& pieces, int requests = 1) {
  ClientState state{.connection = 3};
  std::string sent;
  for (int i = 0; i < requests; ++i) {
    client.append_request(state, sent);
  }
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

Mismatch told(const char* protocol, const ClientProtocolOptions& options, const std::vector<std::string_view>& pieces,
              int requests = 1) {
  return told(*find_protocol(protocol).make_client(options), pieces, requests);
}

// Would catch: an HTTP mismatch without its kind.
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
    const Mismatch mismatch = told("http", {}, {each.reply});
    EXPECT_EQ(mismatch.fault, each.fault) << each.reply.substr(0, 80);
    EXPECT_EQ(mismatch.received, each.reply.substr(0, Mismatch::kShown));
    EXPECT_EQ(mismatch.offset, std::nullopt);
  }
  EXPECT_EQ(told("http", {}, {"+PONG\r\n"}).expected, "HTTP/1.");
  const std::string more = ok + "Content-Length: 1\r\n\r\nxHTTP/1.1 200";
  EXPECT_EQ(told("http", {}, {more}).fault, Fault::kUnasked);
  EXPECT_EQ(told("http", {}, {more}).received, "HTTP/1.1 200");
}

// Would catch: the head shown for a wrong body.
TEST(Mismatch, ShowsTheExpectedBody) {
  const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo";
  Mismatch mismatch = told("http", {.expect_body = "hello"}, {reply});
  EXPECT_EQ(mismatch.fault, Fault::kHttpBody);
  EXPECT_EQ(mismatch.received, "hallo");
  EXPECT_EQ(mismatch.expected, "hello");
  EXPECT_EQ(told("http", {.expect_body_pattern = "h.llo!"}, {reply}).expected, "");
}

// Would catch: an offset, or bytes, of the piece in which the reply came instead of the reply.
TEST(Mismatch, ShowsTheWrongPieceOfAReply) {
  Mismatch mismatch = told("raw", {.request = "x", .reply_delimiter = "\n", .expect = "abcdef"}, {"abc", "dXf\n"});
  EXPECT_EQ(mismatch.offset, 4U);
  EXPECT_EQ(mismatch.received, "dXf\n");
  EXPECT_EQ(mismatch.expected, "def\n");
  mismatch = told("raw", {.request = "x", .reply_pattern = "\\n", .expect = "abcdef\n"}, {"abc", "dXf\n"});
  EXPECT_EQ(mismatch.offset, 4U);
  EXPECT_EQ(mismatch.received, "dXf\n");
  EXPECT_EQ(mismatch.expected, "def\n");
  mismatch = told("raw", {.request = "x", .reply_bytes = 3}, {"abcde"});
  EXPECT_EQ(mismatch.fault, Fault::kUnasked);
  EXPECT_EQ(mismatch.received, "de");
  mismatch = told("bulk", {.payload = "x\n", .reply_bytes = 100}, {"no such text"});
  EXPECT_EQ(mismatch.fault, Fault::kWrong);
  EXPECT_EQ(mismatch.received, "no such text");
  EXPECT_EQ(mismatch.expected.size(), Mismatch::kShown);
}

// Would catch: a repeated line of this connection reported as a wrong byte.
TEST(Mismatch, NamesAChatLineThatIsNotDue) {
  const auto client = find_protocol("chat").make_client({.payload_bytes = 20});
  ClientState state{.connection = 3};
  std::string line;
  client->append_request(state, line);
  EXPECT_EQ(told("chat", {.payload_bytes = 20}, {line, line}, 2).fault, Fault::kOwnLine);
  EXPECT_EQ(told("chat", {.payload_bytes = 20}, {"hello"}).fault, Fault::kWrong);
}

// Would catch: a failed set-up without the server's reply, or without the bytes after it.
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

}  // namespace
}  // namespace fanin
