#include <gtest/gtest.h>

#include "loadgen/reports/report.h"
#include "loadgen/reports/verdict.h"
#include "protocols/client_options.h"
#include "protocols/registry.h"

namespace fanin::load {
namespace {

class FirstMismatchTest : public ::testing::Test {
 protected:
  FirstMismatchTest() {
    use_protocol("echo");
    plan_.target = net::Address::parse("127.0.0.1", 7000);
    plan_.connections = 4;
    plan_.timeout = std::chrono::seconds(2);
  }

  void use_protocol(const char* protocol) {
    plan_.use_protocol(protocol, [protocol] {
      return protocols::find_protocol(protocol).make_client({.request = "PING\r\n", .reply_delimiter = "\r\n"});
    });
  }

  // What a client of the plan's protocol makes of `received` after so many requests.
  void receive(std::string_view received, int requests = 1) {
    const auto client = plan_.make_client();
    protocols::ClientState state{.connection = 5};
    std::string sent;
    for (int i = 0; i < requests; ++i) {
      client->append_request(state, sent);
    }
    const protocols::ReplyOutcome outcome = client->consume_all(state, received);
    ASSERT_TRUE(outcome.mismatch);
    result_.first_mismatch = {TimePoint(), client->describe(state, received, outcome)};
  }

  std::string hint() const {
    const auto json = mismatch_json(plan_, result_);
    return json["hint"].is_null() ? "" : json["hint"].get<std::string>();
  }

  LoadPlan plan_;
  LoadResult result_;
};

// Would catch: a server of another protocol, and a report that replies were wrong without showing them.
TEST_F(FirstMismatchTest, ReceivedAndExpectedBytesAreShown) {
  receive("HTTP/1.1 400 Bad Request\r\n");
  const auto json = mismatch_json(plan_, result_);
  EXPECT_EQ(json["reason"], "wrong byte at offset 0");
  EXPECT_EQ(json["offset"], 0);
  EXPECT_EQ(json["received"], "HTTP/1.1 400 Bad Request\\r\\n");
  EXPECT_EQ(json["expected"].get<std::string>().substr(0, 16), "0000000050000000");
  EXPECT_EQ(json["hint"], "this looks like HTTP: give the target as http://127.0.0.1:7000");
  const std::string text = mismatch_lines(plan_, result_);
  EXPECT_NE(text.find("the first: wrong byte at offset 0\n"), std::string::npos);
  EXPECT_NE(text.find("    hint        this looks like HTTP: "), std::string::npos);
  EXPECT_NE(text.find("received    \"HTTP/1.1 400 Bad Request\\r\\n\"\n"), std::string::npos);
}

// Would catch: bytes of earlier, right replies shown instead of the wrong one; an offset that does not count from the
// start of its reply.
TEST_F(FirstMismatchTest, RightRepliesBeforeTheWrongOneAreNotShown) {
  const auto client = plan_.make_client();
  protocols::ClientState other{.connection = 5};
  std::string replies;
  client->append_request(other, replies);
  client->append_request(other, replies);
  replies[64 + 20] = '!';
  receive(replies, 2);
  EXPECT_EQ(mismatch_json(plan_, result_)["offset"], 20);
  EXPECT_EQ(mismatch_json(plan_, result_)["received"].get<std::string>().substr(0, 16), "1000000050000000");
}

// Would catch: a long reply that differs at its end and is shown from its beginning.
TEST_F(FirstMismatchTest, ALongReplyIsShownFromWhereItIsWrong) {
  const protocols::Mismatch mismatch =
      protocols::Mismatch::between(std::string(100, 'a') + "xyz", std::string(200, 'a'), 1000);
  EXPECT_EQ(mismatch.offset, 1100U);
  EXPECT_EQ(mismatch.received, "xyz");
  EXPECT_EQ(mismatch.expected, std::string(protocols::Mismatch::kShown, 'a'));
}

// Would catch: a well-known server that is not recognised, or taken for another.
TEST_F(FirstMismatchTest, WellKnownServersAreRecognised) {
  struct Case {
    std::string_view bytes;
    std::string_view beginning;
  };
  constexpr std::string_view kAlert("\x15\x03\x01\x00\x02\x02\x46", 7);
  constexpr std::string_view kSettings("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03", 11);
  for (const Case& each :
       {Case{"-ERR unknown command\r\n", "this looks like Redis: --protocol raw --request 'PING\\r\\n'"},
        Case{"ERROR\r\n", "this looks like memcached: "}, Case{kAlert, "this looks like TLS, "},
        Case{kSettings, "this looks like HTTP/2, "}, Case{"SSH-2.0-x\r\n", "this looks like SSH, "},
        Case{"220 ready\r\n", "this looks like SMTP or FTP, "}, Case{"no idea", ""}}) {
    receive(each.bytes);
    EXPECT_EQ(hint().substr(0, each.beginning.size()), each.beginning) << each.bytes;
    EXPECT_EQ(hint().empty(), each.beginning.empty()) << each.bytes;
  }
  receive("SSH-2.0-x\r\n", 0);
  EXPECT_EQ(mismatch_json(plan_, result_)["reason"], "the server spoke before the first request");
  EXPECT_TRUE(mismatch_json(plan_, result_)["expected"].is_null());
  receive("\x4a\x01\x02", 0);  // such as MySQL's
  EXPECT_EQ(hint().substr(0, 25), "the server speaks first: ");
}

// Would catch: a hint that a reply of the right protocol looks like another.
TEST_F(FirstMismatchTest, TheRightProtocolIsNoHint) {
  use_protocol("http");
  receive("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(hint(), "");
  use_protocol("raw");
  receive("+PONG\r\n-ERR more\r\n");
  EXPECT_EQ(hint(), "");
}

// The bug: an HTTP request came back from an echo server, and no word of that.
TEST_F(FirstMismatchTest, ARequestThatComesBackIsNamed) {
  constexpr const char* kEchoed = "the reply is the request itself: this looks like an echo server (--protocol echo)";
  for (const char* protocol : {"http", "upper", "raw"}) {
    use_protocol(protocol);
    protocols::ClientState state{.connection = 5};
    std::string request;
    plan_.make_client()->append_request(state, request);
    if (protocol == std::string_view("raw")) {
      result_.first_mismatch = {TimePoint(), protocols::Mismatch::between(request, "+PONG\r\n", 0)};
    } else {
      receive(request);
    }
    EXPECT_EQ(hint(), kEchoed) << protocol;
  }
  use_protocol("echo");
  result_.first_mismatch = {TimePoint(), protocols::Mismatch::between(std::string(64, '0'), std::string(64, '1'), 0)};
  EXPECT_EQ(hint(), "");
}

// Would catch: "no request was sent in the window" for a silent server, because the requests of the warm-up still wait
// for their replies.
TEST_F(FirstMismatchTest, ASilentServerIsNamed) {
  result_.window = std::chrono::seconds(1);
  result_.connections.established = 4;
  for (int i = 0; i < 4; ++i) {
    result_.outside_errors.add(ErrorKind::kTimeout);
  }
  EXPECT_EQ(
      decide_verdict(plan_, result_).reasons.front().text,
      "no request was completed: 256 bytes were sent on 4 connections and no reply came within 2s; the server may "
      "speak another protocol than echo, or wait for the end of a line: see --protocol raw");
  result_.bytes_received = 7;
  use_protocol("raw");
  EXPECT_EQ(why_no_reply(plan_, result_),
            "24 bytes were sent on 4 connections and 7 bytes came, but no whole reply, within 2s; does "
            "--reply-delimiter fit?");
  result_.outside_errors.add(ErrorKind::kReset);
  EXPECT_EQ(why_no_reply(plan_, result_), "") << "a server that resets a connection does not keep silent";
}

// Would catch: a TLS server that resets other protocols, and a verdict that only says "no request was completed".
TEST_F(FirstMismatchTest, AServerThatClosesIsNamed) {
  result_.request_errors.add(ErrorKind::kReset, 3);
  result_.outside_errors.add(ErrorKind::kReset, 2);
  EXPECT_EQ(
      why_no_reply(plan_, result_),
      "the server reset every connection without a reply; it may speak another protocol than echo, such as TLS, which "
      "is not supported");
  result_.completed_outside = 1;
  EXPECT_EQ(why_no_reply(plan_, result_), "");
}

// Would catch: a web server that only answers 400, and a verdict that only says "no request was completed".
TEST_F(FirstMismatchTest, RepliesOfAnotherStatusAreTheReason) {
  result_.request_errors.add(ErrorKind::kHttpStatus, 3);
  EXPECT_EQ(why_no_reply(plan_, result_), "no reply had a status of --expect-status");
  result_.request_errors.add(ErrorKind::kReset);
  EXPECT_EQ(why_no_reply(plan_, result_), "");
}

}  // namespace
}  // namespace fanin::load
