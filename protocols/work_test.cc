// The server half of work: the cost of a line, and which lines are heavy.
#include "protocols/work.h"

#include <gtest/gtest.h>

#include <string>

#include "net/clock.h"
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

}  // namespace
}  // namespace fanin::protocols
