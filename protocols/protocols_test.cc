// Both halves of every row of the protocol table, without a socket, at every split point of the stream and with small
// reply buffers.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_options.h"
#include "protocols/payload.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

using namespace std::chrono_literals;

// Would catch: fanin-server offers raw, which has no server half.
TEST(Registry, ServersHaveAServerHalf) {
  const auto offered = [](Half half) {
    try {
      find_protocol("none", half);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("found");
  };
  EXPECT_NE(offered(Half::kEither).find("raw"), std::string::npos);
  EXPECT_EQ(offered(Half::kServers).find("raw"), std::string::npos);
}

// Feeds `input` in two parts, cut at `split`, to a session whose reply buffer holds `limit` bytes.
SessionOutput run_session(std::unique_ptr<ServerSession> session, std::string_view input, std::size_t split,
                          std::size_t limit) {
  SessionOutput said = run_session(std::move(session), cut(input, split), limit);
  EXPECT_EQ(said.fault, "");
  return said;
}

// The options and the form of a protocol in the tests below.
struct Case {
  std::string_view protocol;
  ServerProtocolOptions server;
  ClientProtocolOptions client;
  std::string_view other_server;    // the protocol of the server, if it is not the client's
  bool verifies_every_byte = true;  // the client knows every byte of a reply; other clients have tests of their own
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.protocol; }

const Protocol& client_side(const Case& test) { return find_protocol(test.protocol); }
const Protocol& server_side(const Case& test) {
  return find_protocol(test.other_server.empty() ? test.protocol : test.other_server);
}

const std::string& file_root() {
  static const ScratchDirectory root;
  static const std::string path = (root.write("index.html", "hello"), root.path(""));
  return path;
}

// Protocols that need other than default options, and further options of the others.
std::vector<Case> special_cases() {
  return {{"upper", {}, {.payload_bytes = 40}},
          {"upper", {.suffix = "-ok"}, {.payload_bytes = 40, .suffix = "-ok"}},
          {"echo", {}, {.payload_bytes = 40}},
          {"echo", {}, {.payload = "hello"}},
          {"work", {.work = 1us, .work_share = 0.5}, {.payload_bytes = 40}},
          {"work", {.work = 1us}, {.payload_bytes = 40, .work_loops = 3}},
          {"bulk", {.reply_bytes = 33}, {.payload_bytes = 17, .reply_bytes = 33}},
          {"bulk", {.reply_bytes = 1}, {.payload = "hello", .reply_bytes = 1}},
          {"http", {.root = file_root()}, {.expect_body = "hello"}, {}, false},
          {"raw", {}, {.request = "abc\n", .reply_delimiter = "\n", .expect = "abc"}, "echo"},
          {"raw", {}, {.request = "abc\n", .reply_pattern = "\n", .expect = "abc\n"}, "echo", false},
          {"raw", {}, {.request = "abc\n", .reply_bytes = 4}, "echo", false}};
}

// All rows of the table; those without special cases have their defaults.
std::vector<Case> cases() {
  std::vector<Case> all = special_cases();
  for (const Protocol& protocol : registry()) {
    const auto is_its = [&protocol](const Case& test) { return test.protocol == protocol.name; };
    if (std::none_of(all.begin(), all.end(), is_its)) {
      all.push_back({protocol.name, {}, {.payload_bytes = 40}});
    }
  }
  return all;
}

class BothHalves : public testing::TestWithParam<Case> {};
class KnownReplies : public BothHalves {};

// Would catch: a server or client half treats one read as one message.
TEST_P(BothHalves, AgreeAtEverySplitPoint) {
  const SessionFactory sessions = server_side(GetParam()).make_sessions(GetParam().server);
  const auto client = client_side(GetParam()).make_client(GetParam().client);
  const std::uint32_t count = client->one_request_per_connection() ? 1 : 3;
  std::string requests;
  ClientState prepared{.connection = 7};
  for (std::uint32_t i = 0; i < count; ++i) {
    client->append_request(prepared, requests);
  }
  EXPECT_EQ(requests.size(), count * client->request_bytes());
  for (const std::size_t limit : {std::size_t{32}, std::size_t{65536}}) {
    for (std::size_t split = 0; split <= requests.size(); ++split) {
      const SessionOutput said = run_session(sessions(), requests, split, limit);
      for (std::size_t reply_split = 0; reply_split <= said.replies.size(); ++reply_split) {
        ClientState state = prepared;
        ReplyOutcome outcome = verify(*client, state, said.replies, reply_split);
        if (client->one_request_per_connection()) {
          outcome = client->end_of_stream(state);
        }
        ASSERT_FALSE(outcome.mismatch) << split << " " << reply_split;
        ASSERT_EQ(outcome.completed, count) << split << " " << reply_split;
      }
    }
  }
}

// Would catch: a request has the stamp of an earlier one, or of another connection.
TEST_P(BothHalves, NextRequestIsWhatWouldBeAppended) {
  const Protocol& protocol = client_side(GetParam());
  const auto client = protocol.make_client(GetParam().client);
  for (const std::uint32_t connection : {7U, 0xffffffffU, 0U}) {
    ClientState state{.connection = connection};
    for (std::uint32_t sent = 1; sent <= 3; ++sent) {
      ClientState same = state;
      std::string appended;
      protocol.make_client(GetParam().client)->append_request(same, appended);  // one that has handed nothing out yet
      EXPECT_EQ(client->next_request(state), appended);
      EXPECT_EQ(state.sent, sent);
    }
  }
}

// Would catch: a request changes while it waits to be sent together with others. Requests appended meanwhile must not
// change it either: with --trickle, those of idle connections overwrote the stamps of requests in the io_uring queue,
// and correct replies counted as mismatches.
TEST_P(BothHalves, KeptRequestsStayAsTheyAre) {
  const Protocol& protocol = client_side(GetParam());
  const auto client = protocol.make_client(GetParam().client);
  client->set_request_slots(3);
  for (std::uint32_t first = 0; first < 12; first += 3) {
    std::array<std::string_view, 3> kept;
    for (std::uint32_t i = 0; i < kept.size(); ++i) {
      ClientState state{.connection = first + i, .sent = i};
      kept[i] = client->next_request(state);
      ClientState other{.connection = 1000 + i};
      std::string ignored;
      client->append_request(other, ignored);
    }
    for (std::uint32_t i = 0; i < kept.size(); ++i) {
      ClientState state{.connection = first + i, .sent = i};
      std::string appended;
      protocol.make_client(GetParam().client)->append_request(state, appended);
      EXPECT_EQ(kept[i], appended);
    }
  }
}

// Would catch: a client counts replies without verifying them.
TEST_P(KnownReplies, EveryWrongByteIsNoticed) {
  const Protocol& protocol = client_side(GetParam());
  const auto client = protocol.make_client(GetParam().client);
  std::string request;
  ClientState prepared{.connection = 7};
  client->append_request(prepared, request);
  const std::string replies =
      run_session(server_side(GetParam()).make_sessions(GetParam().server)(), request, 0, 65536).replies;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    std::string wrong = replies;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    ClientState state = prepared;
    const ReplyOutcome outcome = client->consume(state, wrong);
    // A chat may carry a line of another member at any time, so a changed number makes it such a line.
    const bool is_of_another = protocol.needs_shared_memory && outcome.completed == 0;
    ASSERT_TRUE(outcome.mismatch || is_of_another) << i;
  }
  ClientState state = prepared;
  ASSERT_TRUE(client->consume(state, replies + "x").mismatch) << "a byte too many";
}

std::vector<Case> cases_with_known_replies() {
  std::vector<Case> known = cases();
  std::erase_if(known, [](const Case& test) { return !test.verifies_every_byte; });
  return known;
}

std::string name_case(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.protocol) + std::to_string(test.index);
}

INSTANTIATE_TEST_SUITE_P(Protocols, BothHalves, testing::ValuesIn(cases()), name_case);
INSTANTIATE_TEST_SUITE_P(Protocols, KnownReplies, testing::ValuesIn(cases_with_known_replies()), name_case);

std::string answer(const char* protocol, const std::string& input, const ServerProtocolOptions& options = {}) {
  return run_session(find_protocol(protocol).make_sessions(options)(), input, 0, 65536).replies;
}

TEST(Protocols, Answer) {
  EXPECT_EQ(answer("echo", "aB1\n"), "aB1\n");
  EXPECT_EQ(answer("upper", "aB1 z{`\n"), "AB1 Z{`\n");
  EXPECT_EQ(answer("upper", "one\ntwo\n", {.suffix = "!"}), "ONE!\nTWO!\n");
  EXPECT_EQ(answer("discard", "anything"), "");
  EXPECT_EQ(answer("greet", ""), "hello\n");
  EXPECT_EQ(answer("goodbye", "a\nb\nunfinished"), "goodbye!\ngoodbye!\n");
  EXPECT_EQ(answer("work", "a\n\nb\nunfinished", {.work = 0ns}), "a\n\nb\nunfinished");
  EXPECT_EQ(answer("bulk", "a\nb\nunfinished", {.reply_bytes = 100'000}).size(), 200'000u);
}

TEST(Protocols, GreetCloses) {
  EXPECT_TRUE(run_session(find_protocol("greet").make_sessions({})(), "", 0, 65536).server_closes);
  EXPECT_FALSE(run_session(find_protocol("echo").make_sessions({})(), "", 0, 65536).server_closes);
}

// Would catch: an echo client accepts the reply of another connection, or an old one.
TEST(EchoClient, RefusesAReplyThatBelongsElsewhere) {
  const auto client = find_protocol("echo").make_client({.payload_bytes = 64});
  ClientState one{.connection = 1};
  ClientState two{.connection = 2};
  std::string request_one;
  std::string request_two;
  client->append_request(one, request_one);
  client->append_request(two, request_two);
  ClientState copy = one;
  EXPECT_TRUE(client->consume(copy, request_two).mismatch);
  EXPECT_EQ(client->consume(one, request_one).completed, 1u);
  std::string second;
  client->append_request(one, second);
  EXPECT_TRUE(client->consume(one, request_one).mismatch) << "the first reply again";
}

// Would catch: a truncated greeting counts as complete.
TEST(GreetClient, NeedsTheWholeGreetingAndTheEnd) {
  const auto client = find_protocol("greet").make_client({});
  std::string nothing;
  ClientState state;
  client->append_request(state, nothing);
  EXPECT_EQ(client->consume(state, "hel").completed, 0u);
  EXPECT_TRUE(client->end_of_stream(state).mismatch);
}

// Would catch: parts of a long reply are swapped, repeated or missing at a boundary of the reply buffer.
TEST(BulkClient, NoticesAPieceOutOfPlace) {
  const auto client = find_protocol("bulk").make_client({.reply_bytes = 300'000});
  ClientState prepared{.connection = 1};
  std::string request;
  client->append_request(prepared, request);
  const std::string reply = answer("bulk", request, {.reply_bytes = 300'000});
  ClientState state = prepared;
  ASSERT_EQ(client->consume(state, reply).completed, 1u);
  for (const std::size_t piece : {1U, 4096U, 65536U}) {
    std::string without = reply;
    without.erase(100'000, piece);
    std::string twice = reply;
    twice.insert(100'000, reply, 100'000 - piece, piece);
    state = prepared;
    EXPECT_TRUE(client->consume(state, without).mismatch) << piece;
    state = prepared;
    EXPECT_TRUE(client->consume(state, twice).mismatch) << piece;
  }
}

// Would catch: a long reply passes as the answer to another request.
TEST(BulkClient, RefusesTheReplyToAnotherRequest) {
  const auto client = find_protocol("bulk").make_client({.reply_bytes = 100});
  std::string one;
  std::string two;
  ClientState state{.connection = 1};
  client->append_request(state, one);
  ClientState other{.connection = 2};
  client->append_request(other, two);
  EXPECT_TRUE(client->consume(state, answer("bulk", two, {.reply_bytes = 100})).mismatch);
}

TEST(Registry, RefusesOptionsOfOtherProtocols) {
  const std::vector<std::string> given{"work"};
  EXPECT_NO_THROW(refuse_other_options("protocol 'work'", list_names(find_protocol("work").server_options), given));
  EXPECT_THROW(refuse_other_options("protocol 'echo'", list_names(find_protocol("echo").server_options), given),
               std::invalid_argument);
}

TEST(Registry, UnknownProtocolIsNamed) {
  try {
    find_protocol("smoke-signals");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("smoke-signals"), std::string::npos);
  }
}

TEST(Registry, RefusesWhatCannotWork) {
  EXPECT_THROW(find_protocol("echo").make_client({.payload_bytes = 0}), std::invalid_argument);
  EXPECT_THROW(find_protocol("goodbye").make_client({.payload = "a\nb"}), std::invalid_argument);
  EXPECT_THROW(find_protocol("raw").make_client({}), std::invalid_argument);
  for (const double share : {1.5, -0.1, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(find_protocol("work").make_sessions({.work_share = share}), std::invalid_argument) << share;
  }
  EXPECT_THROW(find_protocol("bulk").make_sessions({.reply_bytes = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace fanin::protocols
