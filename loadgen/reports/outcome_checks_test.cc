#include "loadgen/reports/outcome_checks.h"

#include <gtest/gtest.h>

#include "loadgen/reports/verdict_fixture.h"

namespace fanin::load {
namespace {

using std::chrono::microseconds;

class OutcomeChecksTest : public VerdictTest {};

// Would also catch: a reason that counts more than the table of errors shows, and does not say where the rest was.
TEST_F(OutcomeChecksTest, AWrongReplyInvalidates) {
  result_.outside_errors.add(ErrorKind::kTooLong);  // even in the warm-up
  const Verdict verdict = decide();
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(verdict.reasons[0], "1 reply was not what protocol and payload ask for, 1 of them during the warm-up");
}

// The bug: a server that only echoes, and is the faster for it, was a valid chat.
TEST_F(OutcomeChecksTest, MembersOfAChatReceiveOneAnothersLines) {
  result_.completed_outside = 1'000;      // 11,000 lines to nine others each
  result_.lines_of_others = 94'050 - 90;  // 5 % fewer, and one of each member under way
  EXPECT_EQ(decide().status, Status::kValid);
  result_.lines_of_others = 94'050 - 91;
  EXPECT_EQ(decide().status, Status::kInvalid);
  result_.lines_of_others = 0;
  EXPECT_EQ(decide().reasons,
            std::vector<std::string>{"members of the chat received 0 of 99000 lines that others had said"});
  plan_.requests_per_connection = 1;  // a member that comes and goes misses what is said meanwhile
  EXPECT_EQ(decide().status, Status::kValid);
  plan_.requests_per_connection = 0;
  plan_.connections = 1;  // nobody else is there
  result_.connections.established = result_.served = 1;
  result_.response.clear();
  for (int i = 0; i < 10'000; ++i) {
    result_.response.record(microseconds(100));
  }
  EXPECT_EQ(decide().status, Status::kValid);
}

// Would catch: a server that closes instead of every second reply, in a result that ends with exit code 0.
TEST_F(OutcomeChecksTest, FailedRequestsInvalidateAboveFivePercent) {
  result_.sent = 10'000;
  result_.failed = 500;
  result_.completed = 9'500;
  EXPECT_EQ(decide().status, Status::kWarning);
  result_.failed = 501;
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons.front(), "501 of 10000 requests failed or were not answered");
}

// Would catch: an overload, which an open loop is there to show, taken for a result that is good for nothing; and a
// closed loop whose few slow replies an interrupt cuts off.
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

// Would catch: "no request was completed" and "10 of 10 connections were never served" beside a throughput, where the
// requests of the warm-up were replied to in the window and kept those of the window from being sent.
TEST_F(OutcomeChecksTest, RequestsThatFoundNoFreeConnectionAreSaidToBeThat) {
  open_loop(0, 0);
  result_.sent = result_.unanswered = 1000;
  result_.request_errors.add(ErrorKind::kNotSent, 1000);
  result_.completed = result_.served = 0;
  result_.completed_outside = result_.completed_in_window = 12;
  EXPECT_EQ(decide().status, Status::kInvalid);
  EXPECT_EQ(decide().reasons.front(), "no request that was due in the window was sent: no connection was free for it");
}

// Would catch: a target whose turn had not come when the run was interrupted, of which "replies take longer than the
// window" was said.
TEST_F(OutcomeChecksTest, AnInterruptIsNoSlowReply) {
  result_.sent = result_.completed = result_.completed_in_window = 0;
  result_.completed_outside = 20;
  result_.interrupted = true;
  EXPECT_EQ(decide().reasons[0], "no request was sent in the window");
  EXPECT_EQ(decide().reasons.back(), "interrupted: the window is shorter than asked");
}

// The bug: 34,170/s of three replies, valid without a word.
TEST_F(OutcomeChecksTest, TooFewRepliesForARateWarn) {
  plan_.requests = 100;
  result_.sent = result_.completed = result_.completed_in_window = 100;
  EXPECT_EQ(decide().status, Status::kValid);
  result_.completed_in_window = 99;
  EXPECT_EQ(decide().status, Status::kWarning);
  EXPECT_EQ(decide().reasons,
            std::vector<std::string>{"only 99 replies within the window: a rate takes 100 to be known to 10 %"});
}

// Would catch: connections that the server does not close after their requests of the warm-up, called slow replies.
TEST_F(OutcomeChecksTest, AConnectionThatIsNotClosedIsNoSlowReply) {
  result_.sent = result_.completed = result_.completed_in_window = 0;
  result_.completed_outside = 20;
  result_.connection_errors.add(ErrorKind::kNotClosed, 10);
  EXPECT_EQ(decide().reasons[0], "no request was sent in the window");
}

}  // namespace
}  // namespace fanin::load
