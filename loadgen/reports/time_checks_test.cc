#include <gtest/gtest.h>

#include "loadgen/reports/verdict_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TimeChecksTest : public VerdictTest {};

// Would catch: latencies that miss a part; the ratio is then not 1.
TEST_F(TimeChecksTest, LittlesLawOffByMoreThanFivePercentWarns) {
  result_.completed = result_.completed_in_window = result_.sent = 9'400;
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.completed = result_.completed_in_window = result_.sent = 9'600;
  EXPECT_EQ(decide().status, Status::kValid);
}

// The bug: "Little's law is off by -50 %" where half of the requests failed: the response time is that of the others.
TEST_F(TimeChecksTest, LittlesLawIsNotCheckedWhereRequestsFailed) {
  result_.completed = result_.completed_in_window = result_.failed = 5'000;
  result_.response.clear();
  for (int i = 0; i < 5'000; ++i) {
    result_.response.record(std::chrono::milliseconds(1));
  }
  EXPECT_FALSE(decide().littles_law_ratio);
  EXPECT_EQ(decide().littles_law_reason, "50 % of the requests failed or were not answered");
  EXPECT_EQ(decide_texts(), std::vector<std::string>{"5,000 of 10,000 requests failed or were not answered"});
  result_.failed = 0;
  result_.completed = result_.completed_in_window = 10'000;
  result_.unanswered_time = std::chrono::milliseconds(200);  // of 10 s
  EXPECT_EQ(decide().littles_law_reason, "connections waited for replies that never came for 2 % of their time");
}

TEST_F(TimeChecksTest, LittlesLawNeedsAClosedLoopWithoutPauses) {
  plan_.think_time = seconds(1);
  EXPECT_FALSE(decide().littles_law_ratio);
}

// Would catch: a valid result of 8 good requests, and a server that was dead for four fifths of the window.
TEST_F(TimeChecksTest, AServerThatIsGoneInvalidates) {
  result_.window = seconds(2);
  result_.downtime = {.down = seconds(16), .lost = seconds(16), .unreachable = milliseconds(1600), .at_end = true};
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons[0].text, "no connection was up at the end of the window: unreachable for 1.60 of 2.00 s");
}

TEST_F(TimeChecksTest, LostTimeWarnsAboveOnePerMilleAndInvalidatesAboveFivePercent) {
  result_.downtime.lost = milliseconds(10);  // of 10 s
  EXPECT_EQ(decide().status, Status::kValid);
  result_.downtime.lost = milliseconds(20);
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide().reasons[0].text, "connections were lost for 0.2 % of their time");
  result_.downtime.lost = milliseconds(510);
  EXPECT_EQ(decide().status, Status::kInvalid);
}

// Would catch: a law that takes connections as up which HTTP/1.0 or Connection: close has closed.
TEST_F(TimeChecksTest, LittlesLawIsNotCheckedWhereConnectionsWereDown) {
  result_.completed_in_window = 5'500;
  result_.downtime.down = milliseconds(4'500);
  EXPECT_EQ(decide().status, Status::kValid);
  EXPECT_FALSE(decide().littles_law_ratio);
  EXPECT_EQ(decide().littles_law_reason, "connections were down for 45 % of their time");
}

// Would catch: a law that is not checked because connections are reopened once in a while.
TEST_F(TimeChecksTest, LittlesLawIsCheckedWhereConnectionsAreRarelyReopened) {
  plan_.requests_per_connection = 1000;
  result_.connections.reconnects = 10;
  result_.downtime.down = milliseconds(1);
  EXPECT_DOUBLE_EQ(decide().littles_law_ratio.value(), 1.0);
}

// Would catch: "Little's law is off by -100 %" where a reply takes two seconds and the window lasts one.
TEST_F(TimeChecksTest, RepliesLongerThanTheWindowAreNamed) {
  result_.response.clear();
  result_.sent = result_.completed = 10;
  result_.completed_in_window = 0;
  for (int i = 0; i < 10; ++i) {
    result_.response.record(seconds(2));
  }
  ASSERT_EQ(decide().reasons.size(), 2U);
  EXPECT_NE(
      decide().reasons[1].text.find("replies take longer than the window: 2.00 s on average, and it lasted 1.00 s"),
      std::string::npos);
  // Would catch: a throughput of 0/s with a mere warning, where no warm-up came before the window.
  EXPECT_EQ(decide().reasons[0].text, "no reply came within the window");
  EXPECT_EQ(decide().status, Status::kInvalid);
  result_.sent = result_.completed = 0;  // all replies belonged to the warm-up
  result_.completed_outside = 20;
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons[0].text, "no request was completed: replies take longer than the window");
}

// The bug: a server that was stopped for the whole window "takes longer than the window" for a reply.
TEST_F(TimeChecksTest, AServerThatStoodStillForTheWholeWindowIsNamed) {
  result_.completed = 0;
  result_.completed_in_window = 0;
  result_.response = {};
  result_.completed_outside = 20'000;
  result_.warmup = seconds(1);
  result_.warmup_requests = 20'000;
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(verdict.reasons[0].text.substr(0, 35), "no reply for the whole window of 1.");
  result_.warmup_requests = 10;  // replies of a second each
  EXPECT_EQ(decide().reasons[0].text, "no request was completed: replies take longer than the window");
}

// Would catch: a closed loop whose server stood still for half of the window, with good percentiles.
TEST_F(TimeChecksTest, ASilenceThatRepliesDoNotExplainWarns) {
  result_.silences = {milliseconds(60), milliseconds(500)};
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide().reasons[0].text,
            "no reply for 0.50 s of the 1.00 s window: the server or the machine stood still");
  EXPECT_EQ(decide().silence->count, 1U);
  result_.silences = {milliseconds(60), milliseconds(90)};
  EXPECT_EQ(decide().status, Status::kValid);
}

// Would catch: exit code 0 for a server that stops for ever near the end of the window.
TEST_F(TimeChecksTest, ASilenceThatNothingEndsInvalidates) {
  result_.silences = {milliseconds(200)};
  result_.silence_at_end = milliseconds(200);
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons.front().text, "no reply came in the last 0.20 s of the 1.00 s window, nor later");
  result_.interrupted = true;  // a reply might still have come
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.interrupted = false;
  result_.silence_at_end = milliseconds(90);  // three usual replies and 100 ms are longer
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.silence_at_end = milliseconds(200);
  open_loop(10'000, 0);  // its requests without a reply are in the percentiles
  EXPECT_EQ(decide().status, Status::kValid);
}

// Would catch: one of ten connections that is silent for most of the window, which shows as one request of 10,000.
TEST_F(TimeChecksTest, TimeSpentOnRequestsThatAreNeverAnsweredInvalidatesAboveFivePercent) {
  plan_.pipeline = 2;
  result_.connections.established = 5;  // keeps Little's law with two requests in flight out of this
  plan_.connections = 5;
  result_.unanswered_time = milliseconds(490);  // of 2 x 5 s
  EXPECT_EQ(decide().status, Status::kValid);
  result_.unanswered_time = milliseconds(510);
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons.front().text, "connections waited for replies that never came for 5.1 % of their time");
  open_loop(10'000, 0);
  EXPECT_EQ(decide().status, Status::kValid);
}

// Would catch: a silence reported for a server whose every reply takes half a second.
TEST_F(TimeChecksTest, SlowRepliesAreNoSilence) {
  result_.window = seconds(10);
  result_.response.clear();
  result_.sent = result_.completed = result_.completed_in_window = 200;
  for (int i = 0; i < 200; ++i) {
    result_.response.record(milliseconds(500));
  }
  result_.silences.assign(20, milliseconds(490));
  EXPECT_EQ(decide().status, Status::kValid);
  EXPECT_EQ(decide().silence->count, 0U);
}

// Would catch: a usual latency that is the one of a stall, where other requests are few.
TEST_F(TimeChecksTest, TheRequestsOfAStallAreNotUsual) {
  plan_.think_time = milliseconds(50);
  result_.response.clear();
  result_.sent = result_.completed = result_.completed_in_window = 30;
  for (int i = 0; i < 30; ++i) {
    result_.response.record(i < 20 ? milliseconds(1) : milliseconds(700));
  }
  result_.silences = {milliseconds(690)};
  EXPECT_EQ(decide().silence->count, 1U);
}

// The bug: two servers of which a request waits for 10 ms were driven in slices of 10 ms. No reply came to a request
// that counts, and the comparison had a throughput of 0.
TEST_F(TimeChecksTest, RepliesThatTakeAsLongAsASliceAreFew) {
  plan_.slices = SlicePlan{.length = milliseconds(10), .cut = milliseconds(1), .targets = 2};
  result_.slices = {{.number = 0, .completed = 100}};
  result_.response.clear();
  result_.response.record(milliseconds(4));
  EXPECT_EQ(decide().status, Status::kValid);
  result_.response.clear();
  result_.response.record(milliseconds(5));
  EXPECT_EQ(decide_texts()[0],
            "replies take too long for slices of 10ms: 5.00 ms on average; give --interleave 50ms or more");
  result_.response.clear();
  result_.slices.front().completed = 0;
  EXPECT_EQ(decide_texts()[0], "replies take longer than a slice of 10ms: lengthen --interleave");
}

}  // namespace
}  // namespace fanin::load
