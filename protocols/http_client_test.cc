// The client half of http, with replies of every form, at every split point, and with the server half.
#include "protocols/http_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "protocols/client_options.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

const std::string kPlain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
const std::string kEmpty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const std::string kInterim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";

using Parts = std::vector<std::string_view>;

ReplyOutcome read(ClientProtocol& client, ClientState& state, const Parts& parts) {
  ReplyOutcome total;
  for (const std::string_view part : parts) {
    const ReplyOutcome outcome = client.consume_all(state, part);
    total.completed += outcome.completed;
    total.mismatch |= outcome.mismatch;
  }
  return total;
}

// Would catch: the parser loses its state between two reads.
TEST(HttpClient, CountsRepliesInAnyFragmentation) {
  HttpClient client({});
  const std::string replies = kPlain + kChunked + kInterim + kEmpty + kPlain;
  for (std::size_t at = 0; at <= replies.size(); ++at) {
    ClientState state = after_requests(client, 4);
    const ReplyOutcome outcome = read(client, state, cut(replies, at));
    ASSERT_EQ(outcome.completed, 4u) << at;
    ASSERT_FALSE(outcome.mismatch) << at;
    ASSERT_FALSE(client.end_of_stream(state).mismatch) << at;
  }
  ClientState state = after_requests(client, 4);
  EXPECT_EQ(read(client, state, trickle(replies)).completed, 4u);
}

// The outcomes of `then` and of the end of the stream, for a client that has received `before` on the connection.
std::string read_outcomes(HttpClient& client, const Parts& before, const Parts& then) {
  ClientState state = after_requests(client, before.empty() ? 2 : 3);
  EXPECT_EQ(read(client, state, before).completed, before.empty() ? 0u : 1u);
  const std::uint32_t earlier = state.completed;
  std::string said;
  const auto say = [&](const ReplyOutcome& outcome) {
    said += fmt::format("{} {} {} {} {} {} {}\n", outcome.completed, outcome.refused != kNotRefused, outcome.mismatch,
                        outcome.closes, outcome.status, outcome.unread, state.completed - earlier);
    return outcome.mismatch || outcome.closes ? 0 : outcome.unread;
  };
  for (const std::string_view part : then) {
    for (std::size_t unread = part.size(); unread > 0;) {
      unread = say(client.consume(state, part.substr(part.size() - unread)));
    }
  }
  say(client.end_of_stream(state));
  return said;
}

void expect_same_after(const Parts& before, const Parts& then) {
  HttpClient fresh({.expect_status = "200,404"});
  HttpClient knowing({.expect_status = "200,404"});
  ASSERT_EQ(read_outcomes(knowing, before, then), read_outcomes(fresh, {}, then))
      << fmt::format("{}\n--- then\n{}", fmt::join(before, "|"), fmt::join(then, "|"));
}

// A known head is not parsed again. Would catch: the client confuses it with another head, one that ends early or has
// an incomplete body, an unsolicited reply, or a reply of another form (after an interim reply, in chunks, in parts).
TEST(HttpClient, AKnownHeadChangesNoOutcome) {
  const std::string kept = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
  const std::string missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
  const std::string long_one = fmt::format("HTTP/1.1 200 OK\r\nX: {}\r\n{}", std::string(5000, 'x'),
                                           kPlain.substr(kPlain.find("Content-Length")));
  const std::vector<std::string> replies{kPlain, kEmpty,  kChunked,        kInterim + kPlain, kInterim + kChunked,
                                         kept,   missing, "\r\n" + kPlain, long_one};
  for (const std::string& before : replies) {
    for (const std::string& then : replies) {
      expect_same_after({before}, {then + before});
      expect_same_after({before}, {then + before + before});
    }
    for (std::size_t at = 1; at < std::min<std::size_t>(before.size(), 200); ++at) {
      expect_same_after({before}, {before.substr(0, at)});
      expect_same_after({before}, cut(before, at));
      expect_same_after({before}, {before.substr(0, at), before.substr(at) + before});
      expect_same_after(cut(before, at), {before});
      for (const char wrong : {'\0', '\n', ' ', '0', '9', 'x', '\xff'}) {
        std::string changed = before;
        changed[at] = wrong;
        expect_same_after({before}, {changed + before});
      }
    }
  }
}

// Would catch: a body counts as a reply with the known head.
TEST(HttpClient, ABodyMayLookLikeAReply) {
  const std::string head = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kPlain.size());
  expect_same_after({kPlain}, {head, kPlain, kPlain});
  expect_same_after({kPlain}, {head + kPlain.substr(0, 1), kPlain.substr(1) + kPlain});
}

// Would catch: the body in a segment after its known head is counted wrongly, or gets the status of another reply. The
// kept state covers bodies of up to 1 MB.
TEST(HttpClient, ABodyMayComeInSegmentsOfItsOwn) {
  for (const std::size_t length : {1U, 1000U, 1U << 20, 3U << 20}) {
    HttpClient client({});
    const std::string head = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", length);
    const std::string reply = head + std::string(length, 'x');
    ClientState state = after_requests(client, 3);
    EXPECT_EQ(read(client, state, {reply}).completed, 1U);
    EXPECT_EQ(read(client, state, {head}).completed, 0U);
    ClientState other = after_requests(client, 1);
    other.connection = 1;
    EXPECT_EQ(read(client, other, {"HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n"}).completed, 1U);
    const Parts pieces{std::string_view(reply).substr(head.size(), length / 2),
                       std::string_view(reply).substr(head.size() + length / 2)};
    EXPECT_EQ(client.consume(state, pieces[0]).completed, 0U);
    const ReplyOutcome outcome = client.consume(state, pieces[1]);
    EXPECT_EQ(outcome.completed, 1U) << length;
    EXPECT_EQ(outcome.status, 200U);
    EXPECT_FALSE(client.consume(state, head).mismatch);
    EXPECT_TRUE(client.end_of_stream(state).mismatch) << "the body is missing";
  }
}

// Would catch: an incomplete reply is counted, or bytes that are no reply.
TEST(HttpClient, RefusesIncompleteReplies) {
  HttpClient client({});
  ClientState state = after_requests(client, 1);
  EXPECT_FALSE(client.consume_all(state, kPlain.substr(0, kPlain.size() - 1)).mismatch);
  EXPECT_TRUE(client.end_of_stream(state).mismatch) << "a byte of the body is missing";
  state = after_requests(client, 1);
  EXPECT_TRUE(client.consume_all(state, kPlain + kPlain).mismatch) << "one reply too many";
  state = after_requests(client, 1);
  EXPECT_TRUE(client.consume_all(state, kPlain + "x").mismatch) << "a byte too many";
  state = after_requests(client, 1);
  EXPECT_TRUE(client.consume_all(state, "+PONG\r\n").mismatch) << "another protocol";
  state = {};
  EXPECT_TRUE(client.consume_all(state, kPlain).mismatch) << "unsolicited";
}

// Would catch: the message of a server that closes an idle connection counts as a wrong reply.
TEST(HttpClient, KnowsAnUnsolicitedGoodbye) {
  const std::string timeout = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
  const std::string closing = "HTTP/1.1 503 Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  for (const auto& [said, goodbye] :
       {std::pair{timeout, true}, {timeout.substr(0, 20), true}, {closing, true}, {kPlain, false}, {"x", false}}) {
    HttpClient client({});
    ClientState state = after_requests(client, 1);
    ASSERT_EQ(read(client, state, {kPlain}).completed, 1u);
    const ReplyOutcome outcome = client.consume(state, said);
    EXPECT_TRUE(outcome.mismatch) << said;
    EXPECT_EQ(outcome.fault == Fault::kGoodbye, goodbye) << said;
    EXPECT_EQ(state.completed, 1u) << said;
  }
  HttpClient client({});
  ClientState state = after_requests(client, 1);
  EXPECT_EQ(client.consume(state, timeout).status, 408u) << "the answer to a request";
}

// The packaged parser accepts these. Would catch: the reply ends elsewhere than its server meant, or another protocol
// passes as HTTP/1.
TEST(HttpClient, RefusesWhatItsParserAccepts) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& reply :
       {std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length\t: 2\r\n\r\nok"), head + "2\r\nokXX0\r\n\r\n",
        head + "2\r\nok\rX0\r\n\r\n", head + "2\r\nokX\n0\r\n\r\n",
        std::string("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        std::string("HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        std::string("HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok")}) {
    for (std::size_t at = 0; at <= reply.size(); ++at) {
      HttpClient client({});
      ClientState state = after_requests(client, 1);
      const ReplyOutcome outcome = read(client, state, cut(reply, at));
      ASSERT_TRUE(outcome.mismatch) << reply << " cut at " << at;
      ASSERT_EQ(outcome.completed, 0u) << reply << " cut at " << at;
    }
  }
}

TEST(HttpClient, ABodyWithoutLengthEndsWithTheConnection) {
  HttpClient client({});
  ClientState state = after_requests(client, 1);
  EXPECT_EQ(client.consume_all(state, "HTTP/1.0 200 OK\r\n\r\nsome body").completed, 0u);
  const ReplyOutcome end = client.end_of_stream(state);
  EXPECT_EQ(end.completed, 1u);
  EXPECT_FALSE(end.mismatch);
  EXPECT_TRUE(end.closes);
  EXPECT_EQ(end.status, 200u);
}

// Would catch: the client waits for a body that never comes, because the reply announces its length.
TEST(HttpClient, SomeRepliesHaveNoBodyDespiteTheirLength) {
  const std::string not_modified = "HTTP/1.1 304 Not Modified\r\nContent-Length: 612\r\n\r\n";
  const std::string no_content = "HTTP/1.1 204 No Content\r\n\r\n";
  HttpClient get({});
  HttpClient head({.method = "HEAD"});
  const std::string to_head = "HTTP/1.1 200 OK\r\nContent-Length: 612\r\n\r\n";
  for (const auto& [client, reply] :
       {std::pair(&get, not_modified), std::pair(&get, no_content), std::pair(&head, to_head)}) {
    const std::string replies = reply + reply;
    for (std::size_t at = 0; at <= replies.size(); ++at) {
      ClientState state = after_requests(*client, 2);
      const ReplyOutcome outcome = read(*client, state, cut(replies, at));
      ASSERT_EQ(outcome.completed, 2u) << reply << at;
      ASSERT_FALSE(outcome.mismatch) << reply << at;
    }
  }
}

// Would catch: an orderly end by the server counts as an error, or the client ignores a keep-alive of HTTP/1.0.
TEST(HttpClient, KnowsWhenTheServerCloses) {
  struct Case {
    const char* reply;
    bool closes;
  };
  for (const auto& [reply, closes] :
       {Case{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true},
        Case{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
        Case{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", false},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
        Case{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", true}}) {
    HttpClient client({.expect_status = "101,200"});
    const std::string_view text(reply);
    for (std::size_t at = 0; at < text.size(); ++at) {
      ClientState state = after_requests(client, 1);
      EXPECT_EQ(client.consume_all(state, text.substr(0, at)).completed, 0u) << reply;
      const ReplyOutcome outcome = client.consume_all(state, text.substr(at));
      ASSERT_EQ(outcome.completed, 1u) << reply << at;
      ASSERT_EQ(outcome.closes, closes) << reply << at;
    }
  }
}

TEST(HttpClient, IsSmall) { EXPECT_LE(sizeof(ClientState), 36u) << "there may be a million of them"; }

TEST(HttpBothHalves, Agree) {
  const ScratchDirectory root;
  root.write("page", std::string(5000, 'x'));
  const SessionFactory sessions = find_protocol("http").make_sessions({.root = root.path("")});
  const auto client = find_protocol("http").make_client({.path = "/page"});
  ClientState state;
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    client->append_request(state, requests);
  }
  EXPECT_EQ(requests.size(), 20 * client->request_bytes());
  const SessionOutput said = run_session(sessions(), {requests}, 4096);
  EXPECT_EQ(client->consume_all(state, said.replies).completed, 20u);
  EXPECT_FALSE(client->end_of_stream(state).mismatch);
}

}  // namespace
}  // namespace fanin::protocols
