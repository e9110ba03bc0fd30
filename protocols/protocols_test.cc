// Every protocol, both halves against each other, without a socket: at every split point of the stream and with every
// small reply buffer.
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

#include "net/clock.h"
#include "protocols/conversation.h"
#include "protocols/line_hash.h"
#include "protocols/registry.h"
#include "protocols/stamp.h"
#include "protocols/work.h"

namespace fanin {
namespace {

using namespace std::chrono_literals;

// Would catch: fanin-server that offers raw, which no model carries.
TEST(Registry, AServerIsOfferedWhatItCanServe) {
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
Conversation talk(std::unique_ptr<ServerSession> session, std::string_view input, std::size_t split,
                  std::size_t limit) {
  Conversation said = talk(std::move(session), cut(input, split), limit);
  EXPECT_EQ(said.fault, "");
  return said;
}

// Lets the client verify `stream`, cut at `split`.
ReplyOutcome verify(ClientProtocol& client, ClientState& state, std::string_view stream, std::size_t split) {
  ReplyOutcome total;
  for (const std::string_view part : {stream.substr(0, split), stream.substr(split)}) {
    const ReplyOutcome outcome = client.consume_all(state, part);
    total.completed += outcome.completed;
    if (outcome.mismatch && !total.mismatch) {
      total.mismatch = true;
      total.fault = outcome.fault;
    }
  }
  return total;
}

struct Pair {
  const char* protocol;
  ServerProtocolOptions server;
  ClientProtocolOptions client;
};

void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.protocol; }

Pair plain(const char* protocol) { return {protocol, {}, {.payload_bytes = 40}}; }

class BothHalves : public testing::TestWithParam<Pair> {};

// Would catch: a parser that takes one read for one message, and a client that does.
TEST_P(BothHalves, AgreeAtEverySplitPoint) {
  const Protocol& protocol = find_protocol(GetParam().protocol);
  const SessionFactory sessions = protocol.make_sessions(GetParam().server);
  const auto client = protocol.make_client(GetParam().client);
  const std::uint32_t count = client->one_request_per_connection() ? 1 : 3;
  std::string requests;
  ClientState prepared{.connection = 7};
  for (std::uint32_t i = 0; i < count; ++i) {
    client->append_request(prepared, requests);
  }
  EXPECT_EQ(requests.size(), count * client->request_bytes());
  for (const std::size_t limit : {std::size_t{32}, std::size_t{65536}}) {
    for (std::size_t split = 0; split <= requests.size(); ++split) {
      const Conversation said = talk(sessions(), requests, split, limit);
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

// Would catch: a stamp that stays behind in what is handed out from one request, or connection, to the next.
TEST_P(BothHalves, NextRequestIsWhatWouldBeAppended) {
  const Protocol& protocol = find_protocol(GetParam().protocol);
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

// Would catch: a request that changes while it waits to be sent together with others. Requests appended meanwhile must
// not change it either: with --trickle those of idle connections overwrote the stamps of requests in the io_uring
// queue, and right replies were counted as mismatches.
TEST_P(BothHalves, KeptRequestsStayAsTheyAre) {
  const Protocol& protocol = find_protocol(GetParam().protocol);
  const auto client = protocol.make_client(GetParam().client);
  client->keep(3);
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

// Would catch: a client that counts replies without reading them.
TEST_P(BothHalves, EveryWrongByteIsNoticed) {
  const Protocol& protocol = find_protocol(GetParam().protocol);
  const auto client = protocol.make_client(GetParam().client);
  std::string request;
  ClientState prepared{.connection = 7};
  client->append_request(prepared, request);
  const std::string replies = talk(protocol.make_sessions(GetParam().server)(), request, 0, 65536).replies;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    std::string wrong = replies;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    ClientState state = prepared;
    const ReplyOutcome outcome = client->consume(state, wrong);
    // A chat may carry a line of another member at any time, so one with a changed number is just not ours.
    const bool is_of_another = protocol.needs_shared_memory && outcome.completed == 0;
    ASSERT_TRUE(outcome.mismatch || is_of_another) << i;
  }
  ClientState state = prepared;
  ASSERT_TRUE(client->consume(state, replies + "x").mismatch) << "a byte too many";
}

INSTANTIATE_TEST_SUITE_P(Protocols, BothHalves,
                         testing::Values(plain("echo"), plain("upper"), plain("sink"), plain("greet"), plain("goodbye"),
                                         plain("chat"),
                                         Pair{"upper", {.suffix = "-ok"}, {.payload_bytes = 40, .suffix = "-ok"}},
                                         Pair{"echo", {}, {.payload = "hello"}},
                                         Pair{"work", {.work = 1us, .work_share = 0.5}, {.payload_bytes = 40}},
                                         Pair{"large", {.reply_bytes = 33}, {.payload_bytes = 17, .reply_bytes = 33}},
                                         Pair{"large", {.reply_bytes = 1}, {.payload = "hello", .reply_bytes = 1}}),
                         [](const auto& test) {
                           return std::string(test.param.protocol) + std::to_string(test.index);
                         });

std::string answer(const char* protocol, const std::string& input, const ServerProtocolOptions& options = {}) {
  return talk(find_protocol(protocol).make_sessions(options)(), input, 0, 65536).replies;
}

TEST(Protocols, SayWhatTheyPromise) {
  EXPECT_EQ(answer("echo", "aB1\n"), "aB1\n");
  EXPECT_EQ(answer("upper", "aB1 z{`\n"), "AB1 Z{`\n");
  EXPECT_EQ(answer("upper", "one\ntwo\n", {.suffix = "!"}), "ONE!\nTWO!\n");
  EXPECT_EQ(answer("sink", "anything"), "");
  EXPECT_EQ(answer("greet", ""), "hello\n");
  EXPECT_EQ(answer("goodbye", "a\nb\nunfinished"), "goodbye!\ngoodbye!\n");
  EXPECT_EQ(answer("work", "a\n\nb\nunfinished", {.work = 0ns}), "a\n\nb\nunfinished");
  EXPECT_EQ(answer("large", "a\nb\nunfinished", {.reply_bytes = 100'000}).size(), 200'000u);
}

TEST(Protocols, GreetClosesAfterItsWord) {
  EXPECT_TRUE(talk(kGreet.make_sessions({})(), "", 0, 65536).server_closes);
  EXPECT_FALSE(talk(kEcho.make_sessions({})(), "", 0, 65536).server_closes);
}

// Would catch: an echo client that accepts the reply of another connection, or an old one.
TEST(EchoClient, RefusesAReplyThatBelongsElsewhere) {
  const auto client = kEcho.make_client({.payload_bytes = 64});
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
  EXPECT_TRUE(client->consume(one, request_one).mismatch) << "the first reply once more";
}

// Would catch: a greeting that was cut short counted as served.
TEST(GreetClient, NeedsTheWholeGreetingAndTheEnd) {
  const auto client = kGreet.make_client({});
  std::string nothing;
  ClientState state;
  client->append_request(state, nothing);
  EXPECT_EQ(client->consume(state, "hel").completed, 0u);
  EXPECT_TRUE(client->end_of_stream(state).mismatch);
}

ClientProtocolOptions ping(std::string expect = "") {
  return {.request = "PING\r\n", .reply_delimiter = "\r\n", .expect = std::move(expect)};
}

TEST(RawClient, FindsTheDelimiterThroughAnyFragmentation) {
  const auto client = kRaw.make_client(ping());
  const std::string replies = "+PONG\r\n\r+A\r\r\n";
  for (std::size_t split = 0; split <= replies.size(); ++split) {
    ClientState state;
    std::string requests;
    client->append_request(state, requests);
    client->append_request(state, requests);
    EXPECT_EQ(verify(*client, state, replies, split).completed, 2u) << split;
  }
}

TEST(RawClient, ChecksWhatWasExpected) {
  const auto client = kRaw.make_client(ping("+PONG"));
  ClientState state;
  std::string request;
  client->append_request(state, request);
  EXPECT_EQ(client->consume(state, "+PONG\r\n").completed, 1u);
  client->append_request(state, request);
  EXPECT_TRUE(client->consume(state, "-ERR\r\n").mismatch);
}

// Would catch: a delimiter automaton that forgets a partial match ("aab" in "aaab").
TEST(RawClient, DelimiterThatOverlapsItself) {
  const auto client = kRaw.make_client({.request = "x", .reply_delimiter = "aab"});
  ClientState state;
  std::string request;
  client->append_request(state, request);
  EXPECT_EQ(client->consume(state, "aaab").completed, 1u);
}

TEST(RawClient, CountsToTheLengthThroughAnyFragmentation) {
  const auto client = kRaw.make_client({.request = "x", .reply_bytes = 3});
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
  std::vector<std::size_t> ends;  // of its replies, by hand
};

class RawPattern : public testing::TestWithParam<PatternCase> {};

// Would catch: a reply that ends elsewhere because it came in other pieces: greedy matches ("a+"), alternatives of
// which the longer begins earlier ("abcd|c"), matches that look behind or ahead of themselves.
TEST_P(RawPattern, EndsAtTheFirstByteThatMatches) {
  const auto& [pattern, stream, ends] = GetParam();
  const std::string_view text(stream);
  const auto client = kRaw.make_client({.request = "x", .reply_pattern = pattern});
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

TEST(RawPattern, ChecksWhatWasExpected) {
  const auto client = kRaw.make_client({.request = "x", .reply_pattern = "\n", .expect = "OK\n"});
  ClientState prepared;
  std::string request;
  client->append_request(prepared, request);
  for (std::size_t split = 0; split <= 3; ++split) {
    ClientState state = prepared;
    EXPECT_EQ(verify(*client, state, "OK\n", split).completed, 1u);
    EXPECT_TRUE(client->consume(state, "O").mismatch) << "nobody asked";
    state = prepared;
    const ReplyOutcome wrong = verify(*client, state, "KO\n", split);
    EXPECT_TRUE(wrong.mismatch);
    EXPECT_EQ(wrong.fault, Fault::kWrong);
  }
}

// Would catch: a generator that keeps all that a server sends which never ends its reply; a part of the reply of an
// earlier life of the connection taken for one of the next.
TEST(RawPattern, TooLongIsAnErrorOfItsOwn) {
  const auto client = kRaw.make_client({.request = "x", .reply_pattern = "\n", .reply_limit = 5});
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

// Would catch: a pattern that a server makes backtrack until the run is over. In whatever pieces the reply comes.
TEST(RawPattern, OneThatBacktracksIsAnErrorOfItsOwn) {
  for (const char* pattern : {"(a+)+b", "(a|aa)+b", "(a*)*(a*)*b", "a(?:a|c)*?b"}) {
    const auto client = kRaw.make_client({.request = "x", .reply_pattern = pattern});
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

// Would catch: a limit that a pattern reaches which reads a long reply once.
TEST(RawPattern, ALongReplyIsWithinTheLimit) {
  for (const char* pattern : {"a(?:x|y)*?END", "(*ANYCRLF)(?x) a (?:x|y)*? END  # the end"}) {
    const auto client = kRaw.make_client({.request = "x", .reply_pattern = pattern});
    ClientState state;
    std::string request;
    for (const std::size_t split : {0U, 20'000U, 60'000U}) {
      client->append_request(state, request);
      const std::string reply = std::string(10'000, 'h') + "a" + std::string(50'000, 'x') + "END";
      EXPECT_EQ(verify(*client, state, reply, split).completed, 1u) << pattern << " in parts of " << split;
    }
  }
}

TEST(RawClient, RefusesWhatEndsNoReply) {
  for (const char* pattern : {"(", "a*", "OK$", "$", "\\\\$", "(?=)"}) {
    EXPECT_THROW(kRaw.make_client({.request = "x", .reply_pattern = pattern}), std::invalid_argument) << pattern;
  }
  EXPECT_THROW(kRaw.make_client({.request = "x", .reply_delimiter = "y", .reply_bytes = 3}), std::invalid_argument);
  EXPECT_THROW(kRaw.make_client({.request = "x", .reply_bytes = 3, .expect = "four"}), std::invalid_argument);
}

// Would catch: --work-loops that is read and not done. A step waits for a multiplication and an addition, at least four
// cycles, so below 12 GHz three million take a millisecond.
TEST(Work, LoopsAreDone) {
  const SessionFactory sessions = find_protocol("work").make_sessions({.work = 0ns, .work_loops = 3'000'000});
  const Nanoseconds before = thread_cpu_time();
  talk(sessions(), "a\nno line yet", 0, 65536);
  EXPECT_GE(thread_cpu_time() - before, 1ms);
}

// Would catch: work that is measured in wall time, or that is not done at all.
TEST(Work, EveryLineCostsItsTimeOnTheThreadsClock) {
  const SessionFactory sessions = find_protocol("work").make_sessions({.work = 300us});
  const Nanoseconds before = thread_cpu_time();
  talk(sessions(), "a\nb\nc\nno line yet", 0, 65536);
  EXPECT_GE(thread_cpu_time() - before, 900us);
}

// Would catch: one call that works off a whole read, which keeps the other connections of the thread waiting: 16,384
// lines of 5 ms took 82 s.
TEST(Work, OneCallCostsAboutAMillisecond) {
  struct Load {
    ServerProtocolOptions options;
    std::size_t lines;
  };
  for (const auto& [options, lines] : {Load{{.work = 5ms}, 1}, Load{{.work = 100us}, 10},
                                       Load{{.work_loops = 1'000'000}, 1}, Load{{.work_loops = 50'000}, 10}}) {
    const SessionFactory sessions = find_protocol("work").make_sessions(options);
    const auto session = sessions();
    std::string replies;
    ReplyBuffer out(replies, 65536);
    EXPECT_EQ(session->consume(std::string(16384, '\n'), out).consumed, lines);
    EXPECT_EQ(replies, std::string(lines, '\n'));
  }
}

// Would catch: a request that the end of the drain timeout cannot cut short, and one that is answered without its work.
TEST(Work, EndsEarlyWhereTheServerHasGivenUp) {
  constexpr auto given_up = []() noexcept { return true; };
  for (const ServerProtocolOptions& options :
       {ServerProtocolOptions{.work = 1h, .given_up = given_up},
        ServerProtocolOptions{.work_loops = std::uint64_t{1} << 62, .given_up = given_up}}) {
    const SessionFactory sessions = find_protocol("work").make_sessions(options);
    const auto session = sessions();
    std::string replies;
    ReplyBuffer out(replies, 65536);
    EXPECT_EQ(session->consume("a\nb\n", out).consumed, 1u);
    EXPECT_EQ(replies, "a");
  }
}

// Would catch: a share that depends on the connection's or the server's history instead of the request.
TEST(Work, AShareOfTheLinesIsHeavy) {
  std::string lines;
  int heavy = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    std::string line(16, ' ');
    write_stamp(line.data(), line.size(), 3, i);
    LineHash hash;
    hash.add(line);
    if (is_heavy(hash.value(), 0.01)) {
      ++heavy;
      lines += line + "\n";
    }
    ASSERT_FALSE(is_heavy(hash.value(), 0));
    ASSERT_TRUE(is_heavy(hash.value(), 1));
  }
  EXPECT_NEAR(heavy, 100, 30);  // three standard deviations of a fair draw
  const SessionFactory sessions = find_protocol("work").make_sessions({.work = 100us, .work_share = 0.01});
  const Nanoseconds before = thread_cpu_time();
  talk(sessions(), lines, 0, 65536);
  EXPECT_GE(thread_cpu_time() - before, heavy * 100us) << "the server agrees on which ones they are";
}

// Would catch: parts of a long reply swapped, repeated or left out at a boundary of the reply buffer.
TEST(LargeClient, NoticesAPieceOutOfPlace) {
  const auto client = find_protocol("large").make_client({.reply_bytes = 300'000});
  ClientState prepared{.connection = 1};
  std::string request;
  client->append_request(prepared, request);
  const std::string reply = answer("large", request, {.reply_bytes = 300'000});
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

// Would catch: a long reply taken for the answer to another request.
TEST(LargeClient, RefusesTheReplyToAnotherRequest) {
  const auto client = find_protocol("large").make_client({.reply_bytes = 100});
  std::string one;
  std::string two;
  ClientState state{.connection = 1};
  client->append_request(state, one);
  ClientState other{.connection = 2};
  client->append_request(other, two);
  EXPECT_TRUE(client->consume(state, answer("large", two, {.reply_bytes = 100})).mismatch);
}

TEST(Registry, RefusesOptionsOfOtherProtocols) {
  const std::vector<std::string> given{"work"};
  EXPECT_NO_THROW(refuse_other_options("protocol 'work'", find_protocol("work").server_options, given));
  EXPECT_THROW(refuse_other_options("protocol 'echo'", kEcho.server_options, given), std::invalid_argument);
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
  EXPECT_THROW(kEcho.make_client({.payload_bytes = 0}), std::invalid_argument);
  EXPECT_THROW(kGoodbye.make_client({.payload = "a\nb"}), std::invalid_argument);
  EXPECT_THROW(kRaw.make_client({}), std::invalid_argument);
  for (const double share : {1.5, -0.1, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(find_protocol("work").make_sessions({.work_share = share}), std::invalid_argument) << share;
  }
  EXPECT_THROW(find_protocol("large").make_sessions({.reply_bytes = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace fanin
