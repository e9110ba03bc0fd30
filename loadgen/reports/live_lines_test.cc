#include <gtest/gtest.h>

#include "loadgen/reports/live_view.h"

namespace fanin::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Phase = RunListener::Progress::Phase;
using Lines = std::vector<std::string>;

class LiveLinesTest : public ::testing::Test {
 protected:
  LiveLinesTest() {
    state_.headline = "127.0.0.1:4711: echo, 64 bytes, open loop at 120,000/s (poisson), 1,000 connections";
    state_.run = "4 of 10: rate 120000";
    state_.phase = Phase::kWindow;
    state_.done = 0.5;
    state_.left = milliseconds(5800);
    state_.rate_now = 116'358;
    state_.rate_so_far = 115'900;
    state_.asked_rate = 120'000;
    SecondOfAll& second = state_.latest.emplace();
    second.number = 4;
    second.completed = 2000;
    second.failed = 1;
    for (int i = 0; i < 1999; ++i) {
      second.responses.record(microseconds(100));
    }
    second.responses.record(milliseconds(4));
    second.responses.record_uncompleted();
    state_.connections_up = 998;
    state_.connections_asked = 1000;
    state_.errors.add(ErrorKind::kTimeout, 12);
    state_.errors.add(ErrorKind::kReset, 3);
  }

  LiveState state_;
};

TEST_F(LiveLinesTest, AWindow) {
  const Lines expected{
      "127.0.0.1:4711: echo, 64 bytes, open loop at 120,000/s (poisson), 1,000 connections",
      "  run           4 of 10: rate 120000",
      "  window        [############............]  50 %, 5.8 s left",
      "  rate          116,358/s now, 115,900/s so far, 120,000/s asked",
      "  latency       p50 100 us, p99 100 us, max 4.00 ms in the last second",
      "                98.3 us █                    ▁ 4.19 ms",
      "  connections   998 of 1,000 up",
      "  errors        3 reset, 12 timeout",
  };
  EXPECT_EQ(live_lines(state_, {.width = 100}), expected);
}

TEST_F(LiveLinesTest, OneRunOfAClosedLoopWithoutErrorsNeedsFewerLines) {
  state_.run.clear();
  state_.asked_rate.reset();
  state_.errors = {};
  state_.latest.reset();
  const Lines lines = live_lines(state_, {.width = 100});
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[2], "  rate          116,358/s now, 115,900/s so far");
}

TEST_F(LiveLinesTest, OtherPhases) {
  state_.phase = Phase::kConnecting;
  state_.left.reset();
  EXPECT_EQ(live_lines(state_, {.width = 100})[2], "  connecting    [############............]  50 %");
  state_.phase = Phase::kWarmup;
  state_.left = milliseconds(500);
  EXPECT_EQ(live_lines(state_, {.width = 100})[2], "  warm-up       [############............]  50 %, 0.5 s left");
  state_.warmup_until = "the throughput is steady, 10s at most";
  EXPECT_EQ(live_lines(state_, {.width = 100})[2], "  warm-up       until the throughput is steady, 10s at most");
  state_.phase = Phase::kDraining;
  EXPECT_EQ(live_lines(state_, {.width = 100})[2], "  window        over, waiting for the last replies");
}

// Would catch: a line that wraps, so that the view is drawn below itself; one cut in the middle of a character.
TEST_F(LiveLinesTest, NoLineIsWiderThanTheTerminal) {
  for (std::size_t width = 1; width < 120; ++width) {
    const Lines lines = live_lines(state_, {.width = width});
    EXPECT_LE(lines.size(), 8U);
    for (const std::string& line : lines) {
      std::size_t columns = 0;
      for (std::size_t i = 0; i < line.size(); ++i) {
        const auto byte = static_cast<unsigned char>(line[i]);
        columns += (byte & 0xC0U) != 0x80U ? 1 : 0;
        if (byte >= 0xE0U) {
          ASSERT_LT(i + 2, line.size()) << "cut in a character at width " << width;
        }
      }
      EXPECT_LE(columns, width) << line;
    }
  }
}

// Would catch: escape sequences in spite of NO_COLOR, or counted as columns.
TEST_F(LiveLinesTest, OnlyErrorsAreColoured) {
  const Lines plain = live_lines(state_, {.width = 30});
  Lines coloured = live_lines(state_, {.width = 30, .colour = true});
  EXPECT_EQ(coloured.back(), "\x1b[31m" + plain.back() + "\x1b[0m");
  coloured.back() = plain.back();
  EXPECT_EQ(coloured, plain);
}

// Would catch: a percentile that is shown as a number although the requests had no reply, or too few stand behind it.
TEST_F(LiveLinesTest, PercentilesThatAreNoNumbers) {
  SecondOfAll& second = state_.latest.emplace();
  second.failed = 1000;
  second.responses.record_uncompleted(1000);
  EXPECT_EQ(live_lines(state_, {.width = 100})[4], "  latency       p50 never, p99 never, max - in the last second");
  state_.latest.emplace();
  EXPECT_EQ(live_lines(state_, {.width = 100})[4], "  latency       p50 -, p99 -, max - in the last second");
}

// Would catch: columns that do not fit, ends of another range than the one shown, few samples that vanish.
TEST(HistogramLine, IsAsWideAsItMayBe) {
  Histogram histogram;
  EXPECT_EQ(histogram_line(histogram, 20, true), "");
  for (int i = 0; i < 1000; ++i) {
    histogram.record(microseconds(64));
  }
  histogram.record(microseconds(128));
  EXPECT_EQ(histogram_line(histogram, 20, false), "57.3 us @   . 131 us");
  EXPECT_EQ(histogram_line(histogram, 4, false), "49.2 us @ . 131 us");
  EXPECT_EQ(histogram_line(histogram, 0, false), "16.4 us @ 262 us");
}

}  // namespace
}  // namespace fanin::load
