#include "loadgen/reports/connection_checks.h"

#include <gtest/gtest.h>

#include "loadgen/reports/verdict_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class ConnectionChecksTest : public VerdictTest {};

// Would catch: connections that came up and were not served, called such that did not come up.
TEST_F(ConnectionChecksTest, IdleConnectionsThatWereNotServedAreNotCalledDown) {
  plan_.idle = 20;
  EXPECT_EQ(decide().reasons.front(), "20 of 20 idle connections did not come up");
  plan_.verify_idle = true;
  EXPECT_EQ(decide().reasons.front(), "20 of 20 idle connections did not come up, or were not served");
}

TEST_F(ConnectionChecksTest, MissingConnectionsInvalidateUnlessTheServerClosedThem) {
  result_.connections.established = 8;
  EXPECT_EQ(decide().status, Status::kInvalid);
  result_.connection_errors.add(ErrorKind::kClosedIdle, 2);
  for (int i = 0; i < 2'500; ++i) {  // keeps Little's law with 8 connections out of this
    result_.response.record(Nanoseconds(1));
  }
  EXPECT_EQ(decide().status, Status::kWarning);
}

// Would catch: connections whose requests were all sent before the window, and never answered, that nobody mentions.
TEST_F(ConnectionChecksTest, ConnectionsThatWereAskedBeforeTheWindowMayStarveToo) {
  plan_.connections = 20'000;
  result_.connections.established = 20'000;
  result_.served = 10'000;
  EXPECT_EQ(decide().reasons[0], "10000 of 20000 connections were never served");
  plan_.requests = 10'000;  // fewer than there are connections to ask
  EXPECT_NE(decide().reasons.empty() ? "" : decide().reasons[0], "10000 of 20000 connections were never served");
}

// Would catch: 622 of 1000 connections that had no reply when the window opened, in a result that is called valid.
TEST_F(ConnectionChecksTest, ConnectionsNotServedBeforeTheWindowAreNamed) {
  plan_.warmup = milliseconds(200);
  result_.unserved_at_opening = 3;
  result_.warmup_end = WarmupEnd::kStarved;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(
      decide().reasons[0],
      "3 of 10 connections had not been served once when the window opened, and the server served no further ones");
  EXPECT_EQ(result_.served_in_warmup(plan_), 7U);
  result_.warmup_end = WarmupEnd::kTime;  // nobody waited for them: they may not have been asked
  EXPECT_EQ(decide().status, Status::kValid);
}

// The starved pool: 10 of 1000 connections are served, the numbers look fine, the result must not.
TEST_F(ConnectionChecksTest, StarvedConnectionsAreNamed) {
  plan_.connections = 1000;
  result_.connections.established = 1000;
  const Verdict verdict = decide();
  EXPECT_NE(verdict.status, Status::kValid);
  EXPECT_EQ(verdict.reasons[0], "990 of 1000 connections were never served");
}

// Would catch: dropped connects that nobody is told of where the target's counters cannot be read, and quick ones of
// which the overflow of another program's queue is told.
TEST_F(ConnectionChecksTest, AnUnseenAcceptQueueIsAssessedByItsConnects) {
  result_.connect.record(milliseconds(999));
  EXPECT_EQ(decide().status, Status::kValid);
  result_.connect.record(milliseconds(1'020));
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.listen_overflows = 0;
  EXPECT_EQ(decide().status, Status::kValid);
  result_.listen_overflows = 3;
  EXPECT_EQ(decide().status, Status::kWarning);
}

// Would catch: a rate that is the generator's own timeout, called valid, since the server never closed where --close
// server asked it to.
TEST_F(ConnectionChecksTest, ConnectionsThatTheServerDoesNotCloseWarnAndInvalidateAboveFivePercent) {
  plan_.close = CloseKind::kServer;
  plan_.requests_per_connection = 100;
  plan_.timeout = milliseconds(300);
  for (int i = 0; i < 100; ++i) {
    result_.connect.record(microseconds(100));
  }
  EXPECT_EQ(decide().status, Status::kValid);
  result_.connection_errors.add(ErrorKind::kNotClosed, 5);
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.connection_errors.add(ErrorKind::kNotClosed);
  EXPECT_EQ(decide().status, Status::kInvalid);
  result_.unclosed_time = milliseconds(400);  // of 10 s
  EXPECT_EQ(
      decide().reasons,
      std::vector<std::string>{"the server did not close 6 of 100 connections: waiting for it took 4 % of their time"});
  for (int i = 0; i < 1'000; ++i) {
    result_.connect.record(microseconds(100));
  }
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.unclosed_time = milliseconds(600);  // the others were opened anew the more often meanwhile
  EXPECT_EQ(decide().status, Status::kInvalid);
}

// Would catch: latencies printed of a server whose replies may have come before their requests.
TEST_F(ConnectionChecksTest, BytesThatNothingAskedForInvalidate) {
  result_.connection_errors.add(ErrorKind::kUnsolicited);
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(
      verdict.reasons[0],
      "the server sent bytes 1 time that no request had asked for: a reply may have been there before its request");
}

}  // namespace
}  // namespace fanin::load
