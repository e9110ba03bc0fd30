#include <gtest/gtest.h>

#include "loadgen/reports/verdict_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class OutcomeChecksTest : public VerdictTest {};

// Would also catch: a reason that counts more than the table of errors shows, without saying where.
TEST_F(OutcomeChecksTest, AWrongReplyInvalidates) {
  result_.outside_errors.add(ErrorKind::kTooLong);  // even in the warm-up
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(verdict.reasons[0].text, "1 reply was not what protocol and payload ask for, 1 of them during the warm-up");
}

// The bug: a server that only echoes, and is the faster for it, was a valid chat.
TEST_F(OutcomeChecksTest, MembersOfAChatReceiveOneAnothersLines) {
  result_.completed_outside = 1'000;      // 11,000 lines to nine others each
  result_.lines_of_others = 94'050 - 90;  // 5 % fewer, and one of each member under way
  EXPECT_EQ(decide().status, Status::kValid);
  result_.lines_of_others = 94'050 - 91;
  EXPECT_EQ(decide().status, Status::kInvalid);
  result_.lines_of_others = 0;
  EXPECT_EQ(decide_texts(),
            std::vector<std::string>{"members of the chat received 0 of 99,000 lines that others sent"});
  plan_.requests_per_connection = 1;  // a member that comes and goes misses lines meanwhile
  EXPECT_EQ(decide().status, Status::kValid);
  plan_.requests_per_connection = 0;
  plan_.connections = 1;  // there is no other member
  result_.connections.established = result_.served = 1;
  result_.response.clear();
  for (int i = 0; i < 10'000; ++i) {
    result_.response.record(microseconds(100));
  }
  EXPECT_EQ(decide().status, Status::kValid);
}

// Would catch: a result that says aborts do no harm, of a run in which there were none.
TEST_F(OutcomeChecksTest, FailedAbortsAreAReason) {
  plan_.aborts_per_s = 100;
  result_.connections.aborts_made = 95;
  result_.connections.aborts_failed = 5;
  EXPECT_EQ(decide().status, Status::kValid);
  result_.connections.aborts_failed = 6;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide_texts(), std::vector<std::string>{
                                "6 of 101 aborts failed: they could not connect, or the server closed them first"});
  result_.connections.aborts_made = 0;
  EXPECT_EQ(decide().status, Status::kInvalid);
}

// Would catch: exit code 0 for a server that closes instead of every second reply.
TEST_F(OutcomeChecksTest, FailedRequestsInvalidateAboveFivePercent) {
  result_.sent = 10'000;
  result_.failed = 500;
  result_.completed = 9'500;
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.failed = 501;
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons.front().text, "501 of 10,000 requests failed or were not answered");
}

// Would catch: an overload, which an open loop is meant to show, reported as invalid; so is a closed loop whose slow
// replies an interrupt cuts off.
TEST_F(OutcomeChecksTest, UnansweredRequestsOfAnOpenLoopOrOfAnInterruptOnlyWarn) {
  result_.sent = 20'000;
  result_.unanswered = 10'000;
  result_.request_errors.add(ErrorKind::kOpenAtEnd, 10'000);
  EXPECT_EQ(decide().status, Status::kInvalid);
  result_.interrupted = true;
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.interrupted = false;
  open_loop(20'000, 0);
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.failed = 1'500;
  EXPECT_EQ(decide().status, Status::kInvalid);
}

TEST_F(OutcomeChecksTest, NothingCompletedInvalidates) {
  result_.completed = 0;
  EXPECT_EQ(decide().status, Status::kInvalid);
}

// The bug: four reasons for one cause, and a bottleneck of a run without a reply.
TEST_F(OutcomeChecksTest, AWrongProtocolIsOneReason) {
  result_.completed = result_.completed_in_window = result_.served = 0;
  result_.failed = 10'000;
  result_.request_errors.add(ErrorKind::kMismatch, 10'000);
  result_.outside_errors.add(ErrorKind::kMismatch, 90);
  result_.unserved_at_opening = 10;
  result_.warmup_end = WarmupEnd::kStarved;
  result_.downtime = {.down = seconds(4), .lost = seconds(4), .unreachable = milliseconds(120)};
  EXPECT_EQ(decide_texts(),
            std::vector<std::string>{"no request was completed: 10,090 replies were not what protocol and payload ask "
                                     "for, 90 of them during the warm-up"});
  EXPECT_EQ(decide().bottleneck, Bottleneck::kUnknown);
  EXPECT_EQ(decide().bottleneck_reason, "no request was completed");
  result_.downtime.at_end = true;  // the server has gone, which is a cause of its own
  EXPECT_EQ(decide_texts().size(), 2U);
}

// Would catch: "no request was completed" and "10 of 10 connections were never served" next to a throughput, where
// requests of the warm-up got their replies in the window and kept those of the window from being sent.
TEST_F(OutcomeChecksTest, RequestsWithoutAFreeConnectionAreNamed) {
  open_loop(0, 0);
  result_.sent = result_.unanswered = 1000;
  result_.request_errors.add(ErrorKind::kNotSent, 1000);
  result_.completed = result_.served = 0;
  result_.completed_outside = result_.completed_in_window = 12;
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons.front().text,
            "no request that was due in the window was sent: no connection was free for it");
}

// Would catch: "replies take longer than the window" for a target whose turn had not come when the run was
// interrupted.
TEST_F(OutcomeChecksTest, AnInterruptIsNoSlowReply) {
  result_.sent = result_.completed = result_.completed_in_window = 0;
  result_.completed_outside = 20;
  result_.interrupted = true;
  EXPECT_EQ(decide().reasons[0].text, "no request was sent in the window");
  EXPECT_EQ(decide().reasons.back().text, "a signal ended the window early, so it is shorter than asked");
}

// The bug: 34,170/s of three replies, valid without a word.
TEST_F(OutcomeChecksTest, TooFewRepliesForARateWarn) {
  plan_.requests = 100;
  result_.sent = result_.completed = result_.completed_in_window = 100;
  EXPECT_EQ(decide().status, Status::kValid);
  result_.completed_in_window = 99;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide_texts(),
            std::vector<std::string>{"only 99 replies within the window: a rate takes 100 to be known to 10 %"});
}

// Would catch: connections that the server does not close after the warm-up, reported as slow replies.
TEST_F(OutcomeChecksTest, AConnectionThatIsNotClosedIsNoSlowReply) {
  result_.sent = result_.completed = result_.completed_in_window = 0;
  result_.completed_outside = 20;
  result_.connection_errors.add(ErrorKind::kNotClosed, 10);
  EXPECT_EQ(decide().reasons[0].text, "no request was sent in the window");
}

// Would catch: connections that came up and were not served, reported as not up.
TEST_F(OutcomeChecksTest, IdleConnectionsThatWereNotServedAreNotCalledDown) {
  plan_.idle = 20;
  EXPECT_EQ(decide().reasons.front().text, "20 of 20 idle connections did not come up");
  plan_.verify_idle = true;
  EXPECT_EQ(decide().reasons.front().text, "20 of 20 idle connections did not come up, or were not served");
}

// Would catch: active connections that wait for accept(2), taken for idle ones.
TEST_F(OutcomeChecksTest, ActiveConnectionsInTheAcceptQueueAreNotIdleOnes) {
  plan_.idle = 20;
  result_.connections.idle_established = 20;
  result_.waiting_for_accept = plan_.connections;
  const Verdict before = decide();
  result_.waiting_for_accept += 1;
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons.size(), before.reasons.size() + 1);
  EXPECT_NE(before.status, Status::kInvalid);
}

TEST_F(OutcomeChecksTest, MissingConnectionsInvalidateUnlessTheServerClosedThem) {
  result_.connections.established = 8;
  EXPECT_EQ(decide().status, Status::kInvalid);
  result_.connection_errors.add(ErrorKind::kClosedIdle, 2);
  for (int i = 0; i < 2'500; ++i) {  // keeps Little's law with 8 connections out of this
    result_.response.record(Nanoseconds(1));
  }
  EXPECT_EQ(decide().status, Status::kWarning);
}

// Would catch: connections that had their last request before the window, and never a reply, and no word about it.
TEST_F(OutcomeChecksTest, ConnectionsWithRequestsBeforeTheWindowMayStarveToo) {
  plan_.connections = 20'000;
  result_.connections.established = 20'000;
  result_.served = 10'001;
  EXPECT_EQ(decide().reasons[0].text,
            "9,999 of 20,000 connections were never served: the figures are those of the other 10001");
  plan_.requests = 9'000;  // fewer than there are connections
  EXPECT_EQ(decide().status, Status::kValid);
}

// The bug: 8 of 10 connections never had a reply, and the result was only a warning.
TEST_F(OutcomeChecksTest, UnservedConnectionsInvalidateFromHalfOfAllOn) {
  result_.served = 6;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide_texts(),
            std::vector<std::string>{"4 of 10 connections were never served: the figures are those of the other 6"});
  result_.served = 5;
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons[0].name(), "unserved-connections");
}

// Would catch: 622 of 1000 connections that had no reply when the window opened, in a result that is called valid.
TEST_F(OutcomeChecksTest, ConnectionsNotServedBeforeTheWindowAreNamed) {
  plan_.warmup = milliseconds(200);
  result_.unserved_at_opening = 3;
  result_.warmup_end = WarmupEnd::kStarved;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide().reasons[0].text,
            "3 of 10 connections had not been served when the window opened, and the server served no further ones");
  EXPECT_EQ(result_.served_in_warmup(plan_), 7U);
  result_.warmup_end = WarmupEnd::kTime;  // the window did not wait for them: they may have had no request
  EXPECT_EQ(decide().status, Status::kValid);
}

// The starved pool: 10 of 1000 connections are served, the numbers look fine, the result must not.
TEST_F(OutcomeChecksTest, StarvedConnectionsAreNamed) {
  plan_.connections = 1000;
  result_.connections.established = 1000;
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(verdict.reasons[0].text,
            "990 of 1,000 connections were never served: the figures are those of the other 10");
}

// Would catch: dropped connects without a word where the target's counters cannot be read; an overflow of another
// program's queue reported for quick connects.
TEST_F(OutcomeChecksTest, AnUnseenAcceptQueueIsAssessedByItsConnects) {
  result_.connect.record(milliseconds(999));
  EXPECT_EQ(decide().status, Status::kValid);
  result_.connect.record(milliseconds(1'020));
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.listen_overflows = 0;
  EXPECT_EQ(decide().status, Status::kValid);
  result_.listen_overflows = 3;
  EXPECT_EQ(decide().status, Status::kWarning);
}

// Would catch: a valid result whose rate is that of the timeout, because the server never closed with --close server.
TEST_F(OutcomeChecksTest, ConnectionsThatTheServerDoesNotCloseWarnAndInvalidateAboveFivePercent) {
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
      decide_texts(),
      std::vector<std::string>{"the server did not close 6 of 100 connections: waiting for it took 4 % of their time"});
  for (int i = 0; i < 1'000; ++i) {
    result_.connect.record(microseconds(100));
  }
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.unclosed_time = milliseconds(600);  // the others were reopened more often meanwhile
  EXPECT_EQ(decide().status, Status::kInvalid);
}

// Would catch: valid latencies of a server whose replies may have come before their requests.
TEST_F(OutcomeChecksTest, UnsolicitedBytesInvalidate) {
  result_.connection_errors.add(ErrorKind::kUnsolicited);
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(verdict.reasons[0].text,
            "the server sent bytes 1 time without a request: a reply may have been there before its request");
}

}  // namespace
}  // namespace fanin::load
