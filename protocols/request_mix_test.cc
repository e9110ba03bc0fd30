#include "protocols/request_mix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "protocols/client_options.h"
#include "protocols/payload.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

constexpr std::uint32_t kConnection = 7;
constexpr std::uint32_t kPriorRequests = 5;  // requests of the connection's earlier lives

std::shared_ptr<const RequestMix> make_mix(const std::vector<double>& weights) {
  return std::make_shared<const RequestMix>(1, weights);
}

// A client with a class for each of `options`, all of the same weight.
std::unique_ptr<MixClient> make_client(const char* protocol, const std::vector<ClientProtocolOptions>& options) {
  std::vector<std::unique_ptr<ClientProtocol>> clients;
  std::transform(options.begin(), options.end(), std::back_inserter(clients), find_protocol(protocol).make_client);
  return std::make_unique<MixClient>(make_mix(std::vector<double>(options.size(), 1)), std::move(clients));
}

// The classes of the first requests on the connection under test, of a mix of equal weights.
std::vector<std::size_t> first_classes(std::size_t classes, std::size_t count) {
  const auto mix = make_mix(std::vector<double>(classes, 1));
  std::vector<std::size_t> drawn;
  for (std::uint32_t i = 0; i < count; ++i) {
    drawn.push_back(mix->pick_class(kConnection, kPriorRequests + i));
  }
  return drawn;
}

// Would catch: a class without connections, a sum that is not their number, or all heavy connections in one thread.
TEST(RequestMix, DistributesConnectionsByWeight) {
  struct Example {
    std::vector<double> weights;
    std::uint32_t connections;
    std::vector<std::uint32_t> parts;
  };
  for (const Example& example :
       {Example{{9, 1}, 10, {9, 1}}, Example{{9, 1}, 100, {90, 10}}, Example{{999, 1}, 2, {1, 1}},
        Example{{1, 1, 1}, 10, {4, 3, 3}}, Example{{1000, 1, 1}, 4, {2, 1, 1}}}) {
    RequestMix mix(1, example.weights);
    EXPECT_EQ(mix.unit(), RequestMix::Unit::kRequest);
    mix.distribute_connections(example.weights, example.connections);
    EXPECT_EQ(mix.unit(), RequestMix::Unit::kConnection);
    for (std::size_t i = 0; i < example.parts.size(); ++i) {
      EXPECT_EQ(mix.connections(i), example.parts[i]);
      EXPECT_DOUBLE_EQ(mix.share(i), static_cast<double>(example.parts[i]) / example.connections);
    }
  }
  RequestMix mix(1, std::vector<double>{9, 1});
  mix.distribute_connections(std::vector<double>{9, 1}, 100);
  int heavy_of_first_half = 0;
  for (std::uint32_t connection = 0; connection < 50; ++connection) {
    heavy_of_first_half += static_cast<int>(mix.pick_class(connection, 0));
    EXPECT_EQ(mix.pick_class(connection, 0), mix.pick_class(connection, 1'000'000)) << "for all its requests";
  }
  EXPECT_EQ(heavy_of_first_half, 5);
  EXPECT_LT(mix.pick_class(1'000'000, 0), 2U) << "idle connections are numbered after the active ones";
}

// Sends as many requests as `replies` has, and takes those in two parts, at every split point. Returns the first fault.
std::string find_fault(MixClient& client, const std::vector<std::string>& replies) {
  std::string requests;
  ClientState asked{.connection = kConnection, .prior_requests = kPriorRequests};
  std::string stream;
  for (const std::string& reply : replies) {
    client.append_request(asked, requests);
    stream += reply;
  }
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    ClientState state = asked;
    std::uint32_t completed = 0;
    for (const std::string& part : {stream.substr(0, cut), stream.substr(cut)}) {
      const ReplyOutcome outcome = client.consume_all(state, part);
      completed += outcome.completed;
      if (outcome.mismatch) {
        return "mismatch, cut at " + std::to_string(cut);
      }
    }
    if (completed != replies.size()) {
      return std::to_string(completed) + " replies, cut at " + std::to_string(cut);
    }
  }
  return "";
}

// The first numbers of the published generator, started with 0.
TEST(RequestMix, DrawsAsSplitmix64Does) {
  constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15U;
  EXPECT_EQ(splitmix_finish(kGamma), 0xe220a8397b1dcdafU);
  EXPECT_EQ(splitmix_finish(2 * kGamma), 0x6e789e6aa1b965f4U);
  EXPECT_EQ(splitmix_finish(3 * kGamma), 0x06c45d188009454fU);
}

// Would catch: weights are not shares. The draw is a function, so the test is deterministic; the bound is three
// standard deviations.
TEST(RequestMix, SharesAreThoseOfTheWeights) {
  const auto mix = make_mix({99, 1});
  int heavy = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    heavy += mix->pick_class(i % 10, i / 10) == 1 ? 1 : 0;
  }
  EXPECT_NEAR(heavy, 100, 30);
  EXPECT_NEAR(mix->share(0), 0.99, 1e-12);
  EXPECT_NEAR(mix->share(1), 0.01, 1e-12);

  const auto three = make_mix({1, 0.5, 3.5});
  std::vector<int> counts(3);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    ++counts[three->pick_class(0, i)];
  }
  EXPECT_NEAR(counts[0], 2000, 120);
  EXPECT_NEAR(counts[1], 1000, 90);
  EXPECT_NEAR(counts[2], 7000, 138);
}

// Would catch: an overflow gives everything to the wrong class when a weight vanishes next to a large one.
TEST(RequestMix, ATinyWeightGetsATinyShare) {
  const auto first = make_mix({1e9, 1e-9});
  const auto last = make_mix({1e-9, 1e9});
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(first->pick_class(3, i), 0U);
    ASSERT_EQ(last->pick_class(3, i), 1U);
  }
}

// Would catch: all connections send their heavy requests at the same time.
TEST(RequestMix, ConnectionsAndSeedsDiffer) {
  const auto mix = make_mix({1, 1});
  const RequestMix other(2, std::vector<double>{1, 1});
  int same_connection = 0;
  int same_seed = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    same_connection += mix->pick_class(0, i) == mix->pick_class(1, i) ? 1 : 0;
    same_seed += mix->pick_class(0, i) == other.pick_class(0, i) ? 1 : 0;
  }
  EXPECT_NEAR(same_connection, 5000, 150);
  EXPECT_NEAR(same_seed, 5000, 150);
}

class MixOf : public ::testing::TestWithParam<const char*> {};

// Would catch: replies of different classes in one read are all verified as one class.
TEST_P(MixOf, RepliesAreVerifiedByTheirClassAtEverySplit) {
  const auto client =
      make_client(GetParam(), {{.payload_bytes = 20, .reply_bytes = 50}, {.payload_bytes = 70, .reply_bytes = 50}});
  const SessionFactory sessions = find_protocol(GetParam()).make_sessions({.work = {}, .reply_bytes = 50});
  std::string requests;
  ClientState asked{.connection = kConnection, .prior_requests = kPriorRequests};
  for (int i = 0; i < 12; ++i) {
    client->append_request(asked, requests);
  }
  const auto classes = first_classes(2, 12);
  const auto heavy = static_cast<std::size_t>(std::count(classes.begin(), classes.end(), 1));
  ASSERT_TRUE(heavy > 0 && heavy < 12);
  EXPECT_EQ(requests.size(), heavy * 70 + (12 - heavy) * 20);
  const std::string replies = run_session(sessions(), {requests}, 65536).replies;
  for (std::size_t cut = 0; cut <= replies.size(); ++cut) {
    ClientState state = asked;
    const ReplyOutcome first = client->consume_all(state, std::string_view(replies).substr(0, cut));
    const ReplyOutcome second = client->consume_all(state, std::string_view(replies).substr(cut));
    ASSERT_FALSE(first.mismatch || second.mismatch) << cut;
    ASSERT_EQ(first.completed + second.completed, 12U) << cut;
  }
  for (std::size_t i = 0; i < replies.size(); ++i) {
    std::string wrong = replies;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    ClientState state = asked;
    ASSERT_TRUE(client->consume_all(state, wrong).mismatch) << i;
  }
  ClientState state = asked;
  ASSERT_TRUE(client->consume_all(state, replies + "x").mismatch) << "more than was asked for";
}

INSTANTIATE_TEST_SUITE_P(Protocols, MixOf, ::testing::Values("echo", "upper", "work", "bulk"),
                         [](const auto& each) { return std::string(each.param); });

// Would catch: the parser of one class continues the state of another; the client waits for the body of a reply to HEAD
// because the class before it had one.
TEST(MixClient, HttpClassesDifferInMethodAndStatus) {
  const auto client = make_client("http", {{}, {.method = "HEAD"}, {.expect_status = "404"}});
  std::vector<std::string> replies;
  for (const std::size_t drawn : first_classes(3, 12)) {
    replies.push_back(drawn == 0   ? "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
                      : drawn == 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
                                   : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  }
  EXPECT_TRUE(client->has_statuses());
  EXPECT_EQ(find_fault(*client, replies), "");
}

// Would catch: a client of raw takes the reply of the next class too.
TEST(MixClient, RawClassesDifferInHowTheirRepliesEnd) {
  const auto client = make_client("raw", {{.request = "GET a\r\n", .reply_delimiter = "\r\n"},
                                          {.request = "B", .reply_bytes = 5},
                                          {.request = "C", .reply_delimiter = "\n", .expect = "yes"},
                                          {.request = "D", .reply_pattern = "x[0-9]+;"}});
  const char* const replies_of[]{"+value\r\n", "12\r\n5", "yes\n", "..x12;"};
  std::vector<std::string> replies;
  for (const std::size_t drawn : first_classes(4, 20)) {
    replies.emplace_back(replies_of[drawn]);
  }
  EXPECT_EQ(find_fault(*client, replies), "");
}

TEST(MixClient, EndOfStreamIsAFaultWhileAReplyIsOpen) {
  const auto client = make_client("echo", {{.payload_bytes = 5}, {.payload_bytes = 9}});
  ClientState state{.connection = kConnection, .prior_requests = kPriorRequests};
  EXPECT_FALSE(client->end_of_stream(state).mismatch);
  std::string request;
  client->append_request(state, request);
  EXPECT_TRUE(client->end_of_stream(state).mismatch);
}

TEST(MixClient, ARequestHasTheMeanOfItsClasses) {
  EXPECT_EQ(make_client("echo", {{.payload_bytes = 10}, {.payload_bytes = 20}})->request_bytes(), 15U);
}

// Would catch: a wrong body is described with the expected body of another class.
TEST(MixClient, DescribesAReplyByItsClass) {
  const std::vector<ClientProtocolOptions> options{{.expect_body = "right"}, {.expect_body = "other"}};
  const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
  const auto client = make_client("http", options);
  ClientState state{.connection = kConnection, .prior_requests = kPriorRequests};
  const std::vector<std::size_t> classes = first_classes(2, 20);
  std::string requests;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    client->append_request(state, requests);
  }
  for (const std::size_t each : classes) {
    const ReplyOutcome outcome = client->consume(state, reply);
    ASSERT_EQ(outcome.refused, kByBody);
    ASSERT_EQ(client->describe(state, reply, outcome).expected, options[each].expect_body);
  }
}

}  // namespace
}  // namespace fanin::protocols
