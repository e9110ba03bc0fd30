// The server half of work: the cost of a line, and which lines are heavy.
#include "protocols/work.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "net/clock.h"
#include "protocols/client_options.h"
#include "protocols/payload.h"
#include "protocols/protocol_harness.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

using namespace std::chrono_literals;

// Would catch: --work-loops is parsed and not done. A step depends on a multiplication and an addition, at least four
// cycles, so below 12 GHz three million take a millisecond.
TEST(Work, LoopsAreDone) {
  const SessionFactory sessions = find_protocol("work").make_sessions({.work = 0ns, .work_loops = 3'000'000});
  const net::Nanoseconds before = net::thread_cpu_time();
  run_session(sessions(), {"a\nno line yet"}, 65536);
  EXPECT_GE(net::thread_cpu_time() - before, 1ms);
}

// Would catch: work measured in wall time, or not done.
TEST(Work, EveryLineCostsItsTimeOnTheThreadsClock) {
  const SessionFactory sessions = find_protocol("work").make_sessions({.work = 300us});
  const net::Nanoseconds before = net::thread_cpu_time();
  run_session(sessions(), {"a\nb\nc\nno line yet"}, 65536);
  EXPECT_GE(net::thread_cpu_time() - before, 900us);
}

// Would catch: one call answers a whole read and blocks the other connections of the thread: 16,384 lines of 5 ms took
// 82 s.
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

// Would catch: the drain timeout does not end a request, or a request is answered without its work.
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

// Would catch: the share depends on the history of the connection or the server instead of the request.
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
  const net::Nanoseconds before = net::thread_cpu_time();
  run_session(sessions(), {lines}, 65536);
  EXPECT_GE(net::thread_cpu_time() - before, heavy * 100us) << "the server agrees on which ones they are";
}

// Feeds the text in parts and returns the cost that its end states.
std::optional<std::uint64_t> cost_of(std::string_view line, std::size_t part) {
  LineEnd end;
  for (; !line.empty(); line.remove_prefix(std::min(part, line.size()))) {
    end.add(line.substr(0, part));
  }
  return end.cost();
}

// Would catch: a cost that is lost or changed where the line is cut, and one that no bound holds.
TEST(Work, LinesStateTheirCost) {
  const std::string filler(100, 'x');
  for (std::size_t part = 1; part <= 120; ++part) {
    EXPECT_EQ(cost_of(filler + " work-loops=200000", part), 200'000U);
    EXPECT_EQ(cost_of(" work-loops=0", part), 0U);
    EXPECT_EQ(cost_of(filler + " work-loops=18446744073709551615", part), kMaxLineLoops);
    EXPECT_EQ(cost_of(filler + " work-loops=99999999999999999999", part), kMaxLineLoops);
    for (const char* none :
         {"", "work-loops=5", " work-loops=", " work-loops=5 ", " work-loops=-5", " work-loops=5x"}) {
      EXPECT_EQ(cost_of(filler + none, part), std::nullopt) << none;
    }
  }
  EXPECT_EQ(cost_of(format_line_cost(12345), 1000), 12'345U);
}

// Would catch: a light line costs what the server was given, or a heavy one does not cost what it states.
TEST(Work, AStatedCostRulesOverThatOfTheServer) {
  constexpr auto given_up = []() noexcept { return true; };  // ends work of more than a few milliseconds
  const auto replies = [](const ServerProtocolOptions& options, std::string_view input) {
    const SessionFactory sessions = find_protocol("work").make_sessions(options);
    const auto session = sessions();
    std::string bytes;
    ReplyBuffer out(bytes, 65536);
    session->consume(input, out);
    return bytes;
  };
  const ServerProtocolOptions expensive{.work = 1h, .given_up = given_up};
  EXPECT_EQ(replies(expensive, "a work-loops=0\nb work-loops=1\nc\n"), "a work-loops=0\nb work-loops=1\nc");
  const ServerProtocolOptions cheap{.work = 0ns, .work_share = 0, .given_up = given_up};
  EXPECT_EQ(replies(cheap, "a\nb work-loops=1000000000\nc\n"), "a\nb work-loops=1000000000");
  const std::string line = "a work-loops=250000\n";
  EXPECT_EQ(replies({}, line + line + line), line + line) << "a call costs about a millisecond";
}

// Would catch: the cost overwrites the newline or the stamp.
TEST(Work, ClientsPutTheCostAtTheEnd) {
  const auto request = [](const ClientProtocolOptions& options) {
    std::string text;
    ClientState state{.connection = 7};
    find_protocol("work").make_client(options)->append_request(state, text);
    return text;
  };
  EXPECT_EQ(request({.payload_bytes = 19, .work_loops = 200'000}), "0000000070000000qr work-loops=200000\n");
  EXPECT_EQ(request({.payload_bytes = 1, .work_loops = 5}), " work-loops=5\n");
  EXPECT_EQ(request({.payload = "hello", .work_loops = 0}), "hello work-loops=0\n");
}

}  // namespace
}  // namespace fanin::protocols
