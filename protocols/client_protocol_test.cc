#include "protocols/client_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "protocols/options.h"
#include "protocols/registry.h"

namespace fanin {
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

// Would catch: a greeting taken for a reply, or a step begun before the previous one is complete. The server's stream
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

// Would catch: bytes after the last set-up reply are dropped and missing from the first reply to a request.
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

}  // namespace
}  // namespace fanin
