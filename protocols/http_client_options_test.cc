// The options of the http client: the request to send, and the replies that count as a success.
#include "protocols/http_client_options.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "protocols/client_options.h"
#include "protocols/http_client.h"
#include "protocols/protocol_harness.h"

namespace fanin::protocols {
namespace {

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

std::string make_request(const ClientProtocolOptions& options) {
  HttpClient client(options);
  ClientState state;
  std::string request;
  client.append_request(state, request);
  EXPECT_EQ(request.size(), client.request_bytes());
  return request;
}

// Would catch: the client reuses a connection whose request asked for its end because the reply does not repeat it; the
// server then closes it under the next request.
TEST(HttpClient, ARequestThatAsksToCloseEndsTheConnection) {
  for (const char* header : {"Connection: close", "connection:x , Close", "CONNECTION: keep-alive,close"}) {
    HttpClient client({.headers = {"Accept: */*", header}});
    EXPECT_TRUE(client.asks_to_close()) << header;
    ClientState state = after_requests(client, 1);
    const ReplyOutcome outcome = client.consume(state, kHello);
    EXPECT_EQ(outcome.completed, 1u) << header;
    EXPECT_TRUE(outcome.closes) << header;
  }
  for (const char* header : {"Connection: closed", "Connection: keep-alive", "X-Connection: close", "Connection:"}) {
    EXPECT_FALSE(HttpClient({.headers = {header}}).asks_to_close()) << header;
  }
}

TEST(HttpClient, BuildsTheRequestFromItsOptions) {
  EXPECT_EQ(make_request({}), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(make_request({.path = "/a?b", .host = "x:1", .method = "PUT", .headers = {"A: b", "C:"}, .body = "hello"}),
            "PUT /a?b HTTP/1.1\r\nHost: x:1\r\nA: b\r\nC:\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(make_request({.headers = {"hOsT: other"}}), "GET / HTTP/1.1\r\nhOsT: other\r\n\r\n");
  EXPECT_EQ(make_request({.method = "POST"}), "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
}

// Would catch: the last request does not ask the server to close, or every request does.
TEST(HttpClient, TheLastRequestOfAConnectionAsksTheServerToClose) {
  HttpClient client({.requests_per_connection = 2});
  for (int life = 0; life < 2; ++life) {
    ClientState state;
    std::string first;
    std::string last;
    client.append_request(state, first);
    client.append_request(state, last);
    EXPECT_EQ(first, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(last, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
}

// Would catch: two Host fields are accepted; a server must answer 400 to them (RFC 9112, 3.2).
TEST(HttpClient, RefusesWhatWouldBreakTheRequest) {
  for (const ClientProtocolOptions& wrong :
       std::vector<ClientProtocolOptions>{{.path = "x"},
                                          {.path = "/a b"},
                                          {.path = "/a\r\nX: y"},
                                          {.host = "y\r\nX: y"},
                                          {.method = ""},
                                          {.method = "GET /"},
                                          {.method = "CONNECT"},
                                          {.headers = {"no colon"}},
                                          {.headers = {": no name"}},
                                          {.headers = {"a b: blank in the name"}},
                                          {.headers = {"A: b\r\nC: d"}},
                                          {.headers = {"content-Length: 5"}},
                                          {.headers = {"Transfer-Encoding: chunked"}},
                                          {.headers = {"Host: a", "host: b"}},
                                          {.headers = {"Host: a b"}},
                                          {.expect_status = "fine"}}) {
    EXPECT_THROW(HttpClient{wrong}, std::invalid_argument);
  }
}

TEST(StatusSet, TakesCodesAndRanges) {
  const StatusSet set = StatusSet::parse("200-204,301,999");
  for (const unsigned status : {200u, 202u, 204u, 301u, 999u}) {
    EXPECT_TRUE(set.contains(status)) << status;
  }
  for (const unsigned status : {0u, 199u, 205u, 300u, 302u, 998u, 1000u}) {
    EXPECT_FALSE(set.contains(status)) << status;
  }
  for (const char* wrong : {"", "2", "20x", "300-200", "200,", "200-", "-200", "0200", "1000", "200 201", "2xx"}) {
    EXPECT_THROW(StatusSet::parse(wrong), std::invalid_argument) << wrong;
  }
}

// Would catch: an unexpected status counts as a success, makes the connection unusable, or loses the pipelined reply
// after it.
TEST(HttpClient, AnUnexpectedStatusFailsItsRequestAlone) {
  const std::string missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
  const std::string replies = kHello + missing + kHello;
  HttpClient client({});
  ClientState prepared = after_requests(client, 3);
  const ReplyOutcome first = client.consume(prepared, replies);
  EXPECT_EQ(first.completed, 1u);
  EXPECT_EQ(first.status, 200u);
  EXPECT_EQ(first.unread, missing.size() + kHello.size());
  const ReplyOutcome second = client.consume(prepared, replies.substr(kHello.size()));
  EXPECT_EQ(second.completed, 0u);
  EXPECT_EQ(second.refused, kByStatus);
  EXPECT_EQ(second.status, 404u);
  EXPECT_FALSE(second.mismatch);
  EXPECT_FALSE(second.closes);
  for (std::size_t at = 0; at <= replies.size(); ++at) {
    ClientState state = after_requests(client, 3);
    const ReplyOutcome outcome = verify(client, state, replies, at);
    ASSERT_EQ(outcome.completed, 2u) << at;
    ASSERT_FALSE(outcome.mismatch) << at;
    ASSERT_EQ(state.completed, 3u) << at;
  }
  HttpClient takes_404({.expect_status = "404"});
  ClientState state = after_requests(takes_404, 3);
  EXPECT_EQ(verify(takes_404, state, replies, 0).completed, 1u);
}

// Expects `refusal` for the second of three replies, at every split point, and a correct third one.
void expect_second(HttpClient& client, const std::string& second, Refusal refusal) {
  const std::string replies = kHello + second + kHello;
  for (std::size_t at = 0; at <= replies.size(); ++at) {
    ClientState state = after_requests(client, 3);
    std::uint32_t completed = 0;
    Refusal refused = kNotRefused;
    for (const std::string_view part : cut(replies, at)) {
      const ReplyOutcome outcome = client.consume_all(state, part);
      ASSERT_FALSE(outcome.mismatch) << at;  // the connection stays usable
      completed += outcome.completed;
      refused = outcome.refused != kNotRefused ? outcome.refused : refused;
    }
    ASSERT_EQ(completed, refusal == kNotRefused ? 3U : 2U) << at;
    ASSERT_EQ(refused, refusal) << at;
    ASSERT_EQ(state.completed, 3U) << at;
  }
}

std::string with_body(const std::string& body) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

// Would catch: an error page with status 200 counts as a success, in particular after a correct reply with the same
// head.
TEST(HttpClient, ABodyOfOtherTextFailsItsRequestAlone) {
  HttpClient client({.expect_body = "hello"});
  for (const char* body : {"HELLO", "hell", "hello!", "", "a page that says that nothing works"}) {
    expect_second(client, with_body(body), kByBody);
  }
  expect_second(client, with_body("hello"), kNotRefused);
  expect_second(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
                kNotRefused);
  expect_second(client, "HTTP/1.1 204 No Content\r\n\r\n", kByBody);
  expect_second(client, "HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nhello", kByStatus);  // the status has precedence
}

TEST(HttpClient, ABodyWithoutAMatchFailsItsRequestAlone) {
  HttpClient client({.expect_body_pattern = R"("status": *"ok"|^hello\z|he[l]{2}o)"});
  expect_second(client, with_body(R"({"id": 7, "status":   "ok", "more": 1})"), kNotRefused);
  expect_second(client, with_body(R"({"id": 7, "status": "failed"})"), kByBody);
  expect_second(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nwell, hell\r\n1\r\no\r\n0\r\n\r\n",
                kNotRefused);
}

// Would catch: an endless body grows the memory. The search ends after 64 KiB.
TEST(HttpClient, SearchesTheBeginningOfABodyOnly) {
  HttpClient client({.expect_body_pattern = "needle"});
  for (const auto& [before, found] : {std::pair{65530U, 1U}, {65531U, 0U}, {200000U, 0U}}) {
    ClientState state = after_requests(client, 1);
    const std::string reply = with_body(std::string(before, 'x') + "needle");
    ReplyOutcome total;
    for (std::size_t at = 0; at < reply.size(); at += 1000) {
      total = client.consume(state, std::string_view(reply).substr(at, 1000));
    }
    EXPECT_EQ(total.completed, found) << before;
    EXPECT_EQ(total.refused, found == 1 ? kNotRefused : kByBody) << before;
  }
}

TEST(HttpClient, ChecksABodyThatEndsWithTheConnection) {
  HttpClient client({.expect_body = "hello"});
  for (const auto& [body, completed] : {std::pair{"hello", 1U}, {"hell", 0U}}) {
    ClientState state = after_requests(client, 1);
    EXPECT_FALSE(client.consume(state, std::string("HTTP/1.1 200 OK\r\n\r\n") + body).mismatch);
    const ReplyOutcome end = client.end_of_stream(state);
    EXPECT_EQ(end.completed, completed);
    EXPECT_EQ(end.refused, completed == 1 ? kNotRefused : kByBody);
    EXPECT_FALSE(end.mismatch);
  }
}

TEST(HttpClient, RefusesABodyOfHead) {
  EXPECT_THROW(HttpClient({.method = "HEAD", .expect_body = "x"}), std::invalid_argument);
  EXPECT_THROW(HttpClient({.expect_body_pattern = "("}), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::protocols
