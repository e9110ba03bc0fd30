// The client's half of http: against replies of every form, at every split point, and against the server's half.
#include "protocols/http_client.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "protocols/conversation.h"
#include "protocols/registry.h"
#include "protocols/scratch_directory.h"

namespace fanin {
namespace {

const std::string kPlain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
const std::string kEmpty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const std::string kInterim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";

ClientState after_requests(ClientProtocol& client, int count) {
  ClientState state;
  std::string requests;
  for (int i = 0; i < count; ++i) {
    client.append_request(state, requests);
  }
  return state;
}

ReplyOutcome read(ClientProtocol& client, ClientState& state, const std::vector<std::string_view>& parts) {
  ReplyOutcome total;
  for (const std::string_view part : parts) {
    const ReplyOutcome outcome = client.consume(state, part);
    total.completed += outcome.completed;
    total.mismatch |= outcome.mismatch;
  }
  return total;
}

// Would catch: something of the parser's state that does not survive from one read to the next.
TEST(HttpClient, CountsRepliesHoweverTheyAreCut) {
  HttpClient client("/", "x");
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

// Would catch: an unfinished reply counted, or one that is no success.
TEST(HttpClient, RefusesWhatIsNoWholeSuccess) {
  HttpClient client("/", "x");
  for (const char* reply : {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "+PONG\r\n",
                            "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nab"}) {
    ClientState state = after_requests(client, 1);
    const ReplyOutcome outcome = client.consume(state, reply);
    EXPECT_TRUE(outcome.mismatch) << reply;
    EXPECT_EQ(outcome.completed, 0u) << reply;
  }
  ClientState state = after_requests(client, 1);
  EXPECT_FALSE(client.consume(state, kPlain.substr(0, kPlain.size() - 1)).mismatch);
  EXPECT_TRUE(client.end_of_stream(state).mismatch) << "a byte of the body is missing";
  state = after_requests(client, 1);
  EXPECT_TRUE(client.consume(state, kPlain + kPlain).mismatch) << "one reply too many";
  state = after_requests(client, 1);
  EXPECT_TRUE(client.consume(state, kPlain + "x").mismatch) << "a byte too many";
  state = {};
  EXPECT_TRUE(client.consume(state, kPlain).mismatch) << "nobody asked";
}

TEST(HttpClient, ABodyWithoutLengthEndsWithTheConnection) {
  HttpClient client("/", "x");
  ClientState state = after_requests(client, 1);
  EXPECT_EQ(client.consume(state, "HTTP/1.0 200 OK\r\n\r\nsome body").completed, 0u);
  const ReplyOutcome end = client.end_of_stream(state);
  EXPECT_EQ(end.completed, 1u);
  EXPECT_FALSE(end.mismatch);
}

TEST(HttpClient, IsSmall) { EXPECT_LE(sizeof(ClientState), 32u) << "there may be a million of them"; }

TEST(HttpClient, RefusesWhatWouldBreakTheRequest) {
  EXPECT_THROW(HttpClient("x", "y"), std::invalid_argument);
  EXPECT_THROW(HttpClient("/a b", "y"), std::invalid_argument);
  EXPECT_THROW(HttpClient("/a\r\nX: y", "y"), std::invalid_argument);
  EXPECT_THROW(HttpClient("/", "y\r\nX: y"), std::invalid_argument);
}

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
  const Conversation said = talk(sessions(), {requests}, 4096);
  EXPECT_EQ(client->consume(state, said.replies).completed, 20u);
  EXPECT_FALSE(client->end_of_stream(state).mismatch);
}

}  // namespace
}  // namespace fanin
