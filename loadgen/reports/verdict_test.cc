#include "loadgen/reports/verdict.h"

#include <gtest/gtest.h>

#include "protocols/registry.h"

namespace fanin {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A sound second of a closed loop: 10 connections, 1 ms each, 10,000 requests.
class VerdictTest : public ::testing::Test {
 protected:
  VerdictTest() {
    plan_.connections = 10;
    plan_.speak("echo", [] { return find_protocol("echo").make_client({}); });
    result_.opened_at = WallTime{};
    result_.window = seconds(1);
    result_.connections.established = 10;
    result_.served = 10;
    result_.sent = result_.completed = result_.completed_in_window = 10'000;
    for (int i = 0; i < 10'000; ++i) {
      result_.response.record(milliseconds(1));
    }
    result_.busiest_thread_utilisation = 0.5;
    result_.server = ServerUsage{milliseconds(500), 1, 1};
  }

  void open_loop(int on_time, int late) {
    plan_.rate_per_s = 1000;
    for (int i = 0; i < on_time; ++i) {
      result_.lateness.record(microseconds(10));
    }
    for (int i = 0; i < late; ++i) {
      result_.lateness.record(milliseconds(1));
    }
  }

  Verdict judged() const { return judge(plan_, result_); }

  LoadPlan plan_;
  LoadResult result_;
};

TEST_F(VerdictTest, ASoundResultIsValid) {
  const Verdict verdict = judged();
  EXPECT_EQ(verdict.status, Status::kValid);
  EXPECT_TRUE(verdict.reasons.empty());
  EXPECT_DOUBLE_EQ(verdict.littles_law_ratio.value(), 1.0);
  EXPECT_EQ(verdict.bottleneck, Bottleneck::kWaiting);
}

// Would catch: connections that came up and were not served, called such that did not come up.
TEST_F(VerdictTest, IdleConnectionsThatWereNotServedAreNotCalledDown) {
  plan_.idle = 20;
  EXPECT_EQ(judged().reasons.front(), "20 of 20 idle connections did not come up");
  plan_.prove_idle = true;
  EXPECT_EQ(judged().reasons.front(), "20 of 20 idle connections did not come up, or were not served");
}

// Would catch: latencies that miss part of what happens, the sign of which is a ratio off 1.
TEST_F(VerdictTest, LittlesLawOffByMoreThanFivePercentWarns) {
  result_.completed = result_.completed_in_window = result_.sent = 9'400;
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.completed = result_.completed_in_window = result_.sent = 9'600;
  EXPECT_EQ(judged().status, Status::kValid);
}

TEST_F(VerdictTest, LittlesLawNeedsAClosedLoopWithoutPauses) {
  plan_.think = seconds(1);
  EXPECT_FALSE(judged().littles_law_ratio);
}

TEST_F(VerdictTest, LatenessWarnsBelow999AndInvalidatesBelow95) {
  open_loop(9995, 5);
  EXPECT_EQ(judged().status, Status::kValid);
  result_.lateness.clear();
  open_loop(9980, 20);
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.lateness.clear();
  open_loop(9400, 600);
  EXPECT_EQ(judged().status, Status::kInvalid);
}

// Would catch: a reason without a word for tables, or with another's. A rate search named failed requests as the reason
// of a run that was invalid since the generator was late: what makes a result invalid comes first.
TEST_F(VerdictTest, EachReasonHasANote) {
  open_loop(9400, 600);
  result_.failed = 1;
  const Verdict verdict = judged();
  ASSERT_EQ(verdict.notes.size(), verdict.reasons.size());
  EXPECT_EQ(verdict.notes, (std::vector<const Note*>{&kNoteLate, &kNoteErrors}));
}

// Would catch: "the generator was late: only 0.00 % ..." where nothing was due, at 0.1 requests/s in a second.
TEST_F(VerdictTest, AShareOfNoRequestsIsNotZero) {
  open_loop(0, 0);
  result_.sent = result_.completed = result_.completed_in_window = 0;
  const Verdict verdict = judged();
  EXPECT_EQ(verdict.within_tolerance_share, std::nullopt);
  EXPECT_EQ(result_.late_by_stalls_share(), std::nullopt);
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(verdict.reasons, std::vector<std::string>{"no request was due in the window"});
  plan_.rate_per_s.reset();
  EXPECT_EQ(judged().reasons, std::vector<std::string>{"no request was sent in the window"});
}

// Would catch: a rate beyond what the server can do that counts as achieved, because the run waits for the backlog.
TEST_F(VerdictTest, RepliesThatFallBehindShow) {
  open_loop(10'000, 0);
  result_.completed_in_window = 9'600;
  EXPECT_EQ(judged().status, Status::kValid);
  result_.completed_in_window = 9'400;
  EXPECT_EQ(judged().status, Status::kWarning);
  EXPECT_DOUBLE_EQ(judged().achieved_rate_per_s.value(), 9'400 / (static_cast<double>(result_.window.count()) / 1e9));
}

TEST_F(VerdictTest, LatenessSaysWhatTheMachineHadPartIn) {
  open_loop(9'800, 200);
  plan_.wait.kind = WaitKind::kSpin;
  result_.late_by_stalls = 100;  // of 10,000
  ASSERT_EQ(judged().reasons.size(), 1U);
  EXPECT_NE(judged().reasons[0].find("1.00 % would have without the machine's stalls"), std::string::npos)
      << judged().reasons[0];
}

// Would catch: a server that stalls and thereby makes the run invalid, as if the generator had been late.
TEST_F(VerdictTest, WaitingForAFreeConnectionIsNotLateness) {
  open_loop(10'000, 0);
  for (int i = 0; i < 4'900; ++i) {
    result_.queueing.record(milliseconds(90));
  }
  EXPECT_EQ(judged().status, Status::kValid);
}

TEST_F(VerdictTest, RequestsNeverSentAreLate) {
  open_loop(9000, 0);
  result_.lateness.record_infinite(1000);
  EXPECT_EQ(judged().status, Status::kInvalid);
  EXPECT_DOUBLE_EQ(judged().within_tolerance_share.value(), 0.9);
}

TEST_F(VerdictTest, MissingConnectionsInvalidateUnlessTheServerClosedThem) {
  result_.connections.established = 8;
  EXPECT_EQ(judged().status, Status::kInvalid);
  result_.connection_errors.add(ErrorKind::kClosedIdle, 2);
  for (int i = 0; i < 2'500; ++i) {  // keeps Little's law with 8 connections out of this
    result_.response.record(Nanoseconds(1));
  }
  EXPECT_EQ(judged().status, Status::kWarning);
}

// Would catch: connections whose requests were all sent before the window, and never answered, that nobody mentions.
TEST_F(VerdictTest, ConnectionsThatWereAskedBeforeTheWindowMayStarveToo) {
  plan_.connections = 20'000;
  result_.connections.established = 20'000;
  result_.served = 10'000;
  EXPECT_EQ(judged().reasons[0], "10000 of 20000 connections were never served");
  plan_.requests = 10'000;  // fewer than there are connections to ask
  EXPECT_NE(judged().reasons.empty() ? "" : judged().reasons[0], "10000 of 20000 connections were never served");
}

// Would catch: 622 of 1000 connections that had no reply when the window opened, in a result that is called valid.
TEST_F(VerdictTest, ConnectionsNotServedBeforeTheWindowAreNamed) {
  plan_.warmup = milliseconds(200);
  result_.unserved_at_opening = 3;
  result_.warmup_end = WarmupEnd::kStarved;
  EXPECT_EQ(judged().status, Status::kWarning);
  EXPECT_EQ(
      judged().reasons[0],
      "3 of 10 connections had not been served once when the window opened, and the server served no further ones");
  EXPECT_EQ(result_.served_in_warmup(plan_), 7U);
  result_.warmup_end = WarmupEnd::kTime;  // nobody waited for them: they may not have been asked
  EXPECT_EQ(judged().status, Status::kValid);
}

// Would catch: 8 requests that all went well, and a server that was dead for four fifths of the window.
TEST_F(VerdictTest, AServerThatIsGoneInvalidates) {
  result_.window = seconds(2);
  result_.downtime = {.down = seconds(16), .lost = seconds(16), .unreachable = milliseconds(1600), .at_end = true};
  EXPECT_EQ(judged().status, Status::kInvalid);
  EXPECT_EQ(judged().reasons[0], "no connection was up at the end of the window: unreachable for 1.60 of 2.00 s");
}

TEST_F(VerdictTest, LostTimeWarnsAboveOnePerMilleAndInvalidatesAboveFivePercent) {
  result_.downtime.lost = milliseconds(10);  // of 10 s
  EXPECT_EQ(judged().status, Status::kValid);
  result_.downtime.lost = milliseconds(20);
  EXPECT_EQ(judged().status, Status::kWarning);
  EXPECT_EQ(judged().reasons[0], "connections were lost for 0.2 % of their time");
  result_.downtime.lost = milliseconds(510);
  EXPECT_EQ(judged().status, Status::kInvalid);
}

// Would catch: connections that are closed as agreed (HTTP/1.0, Connection: close), and a law for those that stay up.
TEST_F(VerdictTest, LittlesLawIsNotCheckedWhereConnectionsWereDown) {
  result_.completed_in_window = 5'500;
  result_.downtime.down = milliseconds(4'500);
  EXPECT_EQ(judged().status, Status::kValid);
  EXPECT_FALSE(judged().littles_law_ratio);
  EXPECT_EQ(judged().littles_law_reason, "connections were down for 45 % of their time");
}

// Would catch: connections opened anew once in a while, for which the law was not checked at all.
TEST_F(VerdictTest, LittlesLawIsCheckedWhereConnectionsAreRarelyOpenedAnew) {
  plan_.requests_per_connection = 1000;
  result_.connections.reconnects = 10;
  result_.downtime.down = milliseconds(1);
  EXPECT_DOUBLE_EQ(judged().littles_law_ratio.value(), 1.0);
}

// Would catch: "Little's law is off by -100 %" where a reply takes two seconds and the window lasts one.
TEST_F(VerdictTest, RepliesLongerThanTheWindowAreSaidToBeThat) {
  result_.response.clear();
  result_.sent = result_.completed = 10;
  result_.completed_in_window = 0;
  for (int i = 0; i < 10; ++i) {
    result_.response.record(seconds(2));
  }
  ASSERT_EQ(judged().reasons.size(), 2U);
  EXPECT_NE(judged().reasons[1].find("replies take longer than the window: 2.00 s on average, and it lasted 1.00 s"),
            std::string::npos);
  // Would catch: a throughput of 0/s with a mere warning, where no warm-up came before the window.
  EXPECT_EQ(judged().reasons[0], "no reply came within the window");
  EXPECT_EQ(judged().status, Status::kInvalid);
  result_.sent = result_.completed = 0;  // all that came belonged to the warm-up
  result_.completed_outside = 20;
  EXPECT_EQ(judged().status, Status::kInvalid);
  EXPECT_EQ(judged().reasons[0], "no request was completed: replies take longer than the window");
}

// Would catch: a closed loop whose server stood still for half of the window, with good percentiles.
TEST_F(VerdictTest, ASilenceThatRepliesDoNotExplainWarns) {
  result_.silences = {milliseconds(60), milliseconds(500)};
  EXPECT_EQ(judged().status, Status::kWarning);
  EXPECT_EQ(judged().reasons[0], "no reply for 0.50 s of the 1.00 s window: the server or the machine stood still");
  EXPECT_EQ(judged().silence->count, 1U);
  result_.silences = {milliseconds(60), milliseconds(90)};
  EXPECT_EQ(judged().status, Status::kValid);
}

// Would catch: a server that stops for ever near the end of the window: a result that ends with exit code 0.
TEST_F(VerdictTest, ASilenceThatNothingEndsInvalidates) {
  result_.silences = {milliseconds(200)};
  result_.silence_at_end = milliseconds(200);
  EXPECT_EQ(judged().status, Status::kInvalid);
  EXPECT_EQ(judged().reasons.front(), "no reply came in the last 0.20 s of the 1.00 s window, nor later");
  result_.interrupted = true;  // a reply might have come yet
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.interrupted = false;
  result_.silence_at_end = milliseconds(90);  // three usual replies and 100 ms are longer
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.silence_at_end = milliseconds(200);
  open_loop(10'000, 0);  // its requests without a reply are in the percentiles
  EXPECT_EQ(judged().status, Status::kValid);
}

// Would catch: one of ten connections that is silent for most of the window, which shows as one request of 10,000.
TEST_F(VerdictTest, TimeSpentOnRequestsThatAreNeverAnsweredInvalidatesAboveFivePercent) {
  plan_.depth = 2;
  result_.connections.established = 5;  // keeps Little's law with two requests in flight out of this
  plan_.connections = 5;
  result_.unanswered_time = milliseconds(490);  // of 2 x 5 s
  EXPECT_EQ(judged().status, Status::kValid);
  result_.unanswered_time = milliseconds(510);
  EXPECT_EQ(judged().status, Status::kInvalid);
  EXPECT_EQ(judged().reasons.front(), "connections waited for replies that never came for 5.1 % of their time");
  open_loop(10'000, 0);
  EXPECT_EQ(judged().status, Status::kValid);
}

// Would catch: a server whose every reply takes half a second taken for one that stands still.
TEST_F(VerdictTest, SlowRepliesAreNoSilence) {
  result_.window = seconds(10);
  result_.response.clear();
  result_.sent = result_.completed = result_.completed_in_window = 200;
  for (int i = 0; i < 200; ++i) {
    result_.response.record(milliseconds(500));
  }
  result_.silences.assign(20, milliseconds(490));
  EXPECT_EQ(judged().status, Status::kValid);
  EXPECT_EQ(judged().silence->count, 0U);
}

// Would catch: the requests of one stall taken for what is usual, where there are few others.
TEST_F(VerdictTest, TheRequestsOfAStallAreNotWhatIsUsual) {
  plan_.think = milliseconds(50);
  result_.response.clear();
  result_.sent = result_.completed = result_.completed_in_window = 30;
  for (int i = 0; i < 30; ++i) {
    result_.response.record(i < 20 ? milliseconds(1) : milliseconds(700));
  }
  result_.silences = {milliseconds(690)};
  EXPECT_EQ(judged().silence->count, 1U);
}

// The starved pool: 10 of 1000 connections are served, the numbers look fine, the result must not.
TEST_F(VerdictTest, StarvedConnectionsAreNamed) {
  plan_.connections = 1000;
  result_.connections.established = 1000;
  const Verdict verdict = judged();
  EXPECT_NE(verdict.status, Status::kValid);
  EXPECT_EQ(verdict.reasons[0], "990 of 1000 connections were never served");
}

// Would also catch: a reason that counts more than the table of errors shows, and does not say where the rest was.
TEST_F(VerdictTest, AWrongReplyInvalidates) {
  result_.outside_errors.add(ErrorKind::kTooLong);  // even in the warm-up
  const Verdict verdict = judged();
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(verdict.reasons[0], "1 reply was not what protocol and payload ask for, 1 of them during the warm-up");
}

// Would catch: dropped connects that nobody is told of where the target's counters cannot be read, and quick ones of
// which the overflow of another program's queue is told.
TEST_F(VerdictTest, AnUnseenAcceptQueueIsJudgedByItsConnects) {
  result_.connect.record(milliseconds(999));
  EXPECT_EQ(judged().status, Status::kValid);
  result_.connect.record(milliseconds(1'020));
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.listen_overflows = 0;
  EXPECT_EQ(judged().status, Status::kValid);
  result_.listen_overflows = 3;
  EXPECT_EQ(judged().status, Status::kWarning);
}

// Would catch: a rate that is the generator's own timeout, called valid, since the server never closed where --close
// server asked it to.
TEST_F(VerdictTest, ConnectionsThatTheServerDoesNotCloseWarnAndInvalidateAboveFivePercent) {
  plan_.close = CloseKind::kServer;
  plan_.requests_per_connection = 100;
  plan_.timeout = milliseconds(300);
  for (int i = 0; i < 100; ++i) {
    result_.connect.record(microseconds(100));
  }
  EXPECT_EQ(judged().status, Status::kValid);
  result_.connection_errors.add(ErrorKind::kNotClosed, 5);
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.connection_errors.add(ErrorKind::kNotClosed);
  EXPECT_EQ(judged().status, Status::kInvalid);
  result_.unclosed_time = milliseconds(400);  // of 10 s
  EXPECT_EQ(
      judged().reasons,
      std::vector<std::string>{"the server did not close 6 of 100 connections: waiting for it took 4 % of their time"});
  for (int i = 0; i < 1'000; ++i) {
    result_.connect.record(microseconds(100));
  }
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.unclosed_time = milliseconds(600);  // the others were opened anew the more often meanwhile
  EXPECT_EQ(judged().status, Status::kInvalid);
}

// Would catch: latencies printed of a server whose replies may have come before their requests.
TEST_F(VerdictTest, BytesThatNothingAskedForInvalidate) {
  result_.connection_errors.add(ErrorKind::kUnsolicited);
  const Verdict verdict = judged();
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_EQ(
      verdict.reasons[0],
      "the server sent bytes 1 time that no request had asked for: a reply may have been there before its request");
}

// The bug: a server that only echoes, and is the faster for it, was a valid chat.
TEST_F(VerdictTest, MembersOfAChatReceiveOneAnothersLines) {
  result_.completed_outside = 1'000;      // 11,000 lines to nine others each
  result_.lines_of_others = 94'050 - 90;  // 5 % fewer, and one of each member under way
  EXPECT_EQ(judged().status, Status::kValid);
  result_.lines_of_others = 94'050 - 91;
  EXPECT_EQ(judged().status, Status::kInvalid);
  result_.lines_of_others = 0;
  EXPECT_EQ(judged().reasons,
            std::vector<std::string>{"members of the chat received 0 of 99000 lines that others had said"});
  plan_.requests_per_connection = 1;  // a member that comes and goes misses what is said meanwhile
  EXPECT_EQ(judged().status, Status::kValid);
  plan_.requests_per_connection = 0;
  plan_.connections = 1;  // nobody else is there
  result_.connections.established = result_.served = 1;
  result_.response.clear();
  for (int i = 0; i < 10'000; ++i) {
    result_.response.record(microseconds(100));
  }
  EXPECT_EQ(judged().status, Status::kValid);
}

// Would catch: a server that closes instead of every second reply, in a result that ends with exit code 0.
TEST_F(VerdictTest, FailedRequestsInvalidateAboveFivePercent) {
  result_.sent = 10'000;
  result_.failed = 500;
  result_.completed = 9'500;
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.failed = 501;
  EXPECT_EQ(judged().status, Status::kInvalid);
  EXPECT_EQ(judged().reasons.front(), "501 of 10000 requests failed or were not answered");
}

// Would catch: an overload, which an open loop is there to show, taken for a result that is good for nothing; and a
// closed loop whose few slow replies an interrupt cuts off.
TEST_F(VerdictTest, UnansweredRequestsOfAnOpenLoopOrOfAnInterruptOnlyWarn) {
  result_.sent = 20'000;
  result_.unanswered = 10'000;
  result_.request_errors.add(ErrorKind::kOpenAtEnd, 10'000);
  EXPECT_EQ(judged().status, Status::kInvalid);
  result_.interrupted = true;
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.interrupted = false;
  open_loop(20'000, 0);
  EXPECT_EQ(judged().status, Status::kWarning);
  result_.failed = 1'500;
  EXPECT_EQ(judged().status, Status::kInvalid);
}

TEST_F(VerdictTest, NothingCompletedInvalidates) {
  result_.completed = 0;
  EXPECT_EQ(judged().status, Status::kInvalid);
}

// Would catch: "no request was completed" and "10 of 10 connections were never served" beside a throughput, where the
// requests of the warm-up were replied to in the window and kept those of the window from being sent.
TEST_F(VerdictTest, RequestsThatFoundNoFreeConnectionAreSaidToBeThat) {
  open_loop(0, 0);
  result_.sent = result_.unanswered = 1000;
  result_.request_errors.add(ErrorKind::kNotSent, 1000);
  result_.completed = result_.served = 0;
  result_.completed_outside = result_.completed_in_window = 12;
  EXPECT_EQ(judged().status, Status::kInvalid);
  EXPECT_EQ(judged().reasons.front(), "no request that was due in the window was sent: no connection was free for it");
}

// Would catch: a target whose turn had not come when the run was interrupted, of which "replies take longer than the
// window" was said.
TEST_F(VerdictTest, AnInterruptIsNoSlowReply) {
  result_.sent = result_.completed = result_.completed_in_window = 0;
  result_.completed_outside = 20;
  result_.interrupted = true;
  EXPECT_EQ(judged().reasons[0], "no request was sent in the window");
  EXPECT_EQ(judged().reasons.back(), "interrupted: the window is shorter than asked");
}

// The bug: a window of 1 us, in which nothing was sent, was client-limited: reading the CPU time takes longer than
// that.
TEST_F(VerdictTest, AWindowShorterThanCpuTimeCanTellHasNoBottleneck) {
  plan_.requests = 10'000;  // keeps Little's law out of this
  result_.busiest_thread_utilisation = 1.0;
  result_.server->cpu = milliseconds(50);
  result_.window = milliseconds(99);
  EXPECT_EQ(judged().bottleneck, Bottleneck::kUnknown);
  EXPECT_EQ(judged().bottleneck_reason,
            "the window of 99.0 ms is too short to tell: CPU time is known to 10.0 ms, which must be a tenth at most");
  EXPECT_EQ(judged().status, Status::kValid);
  result_.window = milliseconds(100);
  EXPECT_EQ(judged().bottleneck, Bottleneck::kGenerator);
  plan_.slices = SlicePlan{.targets = 2};  // each of two targets has half of the window
  result_.busiest_thread_utilisation = 0.5;
  EXPECT_EQ(judged().bottleneck, Bottleneck::kUnknown);
}

// The bug: 34,170/s of three replies, valid without a word.
TEST_F(VerdictTest, TooFewRepliesForARateWarn) {
  plan_.requests = 100;
  result_.sent = result_.completed = result_.completed_in_window = 100;
  EXPECT_EQ(judged().status, Status::kValid);
  result_.completed_in_window = 99;
  EXPECT_EQ(judged().status, Status::kWarning);
  EXPECT_EQ(judged().reasons,
            std::vector<std::string>{"only 99 replies within the window: a rate takes 100 to be known to 10 %"});
}

// Would catch: connections that the server does not close after their requests of the warm-up, called slow replies.
TEST_F(VerdictTest, AConnectionThatIsNotClosedIsNoSlowReply) {
  result_.sent = result_.completed = result_.completed_in_window = 0;
  result_.completed_outside = 20;
  result_.connection_errors.add(ErrorKind::kNotClosed, 10);
  EXPECT_EQ(judged().reasons[0], "no request was sent in the window");
}

TEST_F(VerdictTest, ASaturatedGeneratorIsTheBottleneck) {
  result_.busiest_thread_utilisation = 0.97;
  EXPECT_EQ(judged().bottleneck, Bottleneck::kGenerator);
  EXPECT_EQ(judged().status, Status::kWarning);
}

// Would catch: 50 threads that share one CPU and use all of it, none of which uses much.
TEST_F(VerdictTest, ManyThreadsAreSaturatedTogether) {
  result_.busiest_thread_utilisation = 0.02;
  result_.threads_utilisation = 0.97;
  plan_.cpus = 2;
  EXPECT_EQ(judged().bottleneck, Bottleneck::kWaiting);
  plan_.cpus = 1;
  EXPECT_EQ(judged().bottleneck, Bottleneck::kGenerator);
  EXPECT_EQ(judged().bottleneck_reason, "the generator's threads used 97 % of its 1 CPU, the server 50 % of its 1 CPU");
}

// Would catch: a generator at its limit that CPU time does not show, since it waits for wake-ups.
TEST_F(VerdictTest, NearTheCeilingIsClientLimited) {
  plan_.ceiling_per_s = 12'600;
  EXPECT_EQ(judged().status, Status::kValid);
  EXPECT_NEAR(judged().ceiling_share.value(), 0.794, 0.001);
  plan_.ceiling_per_s = 12'400;
  ASSERT_EQ(judged().status, Status::kWarning);
  EXPECT_EQ(judged().reasons[0], "client-limited: 10000/s is 81 % of the 12400/s that the driver epoll reaches here");
}

TEST_F(VerdictTest, ASaturatedServerIsTheBottleneck) {
  result_.server->cpu = milliseconds(990);
  EXPECT_EQ(judged().bottleneck, Bottleneck::kServer);
  // One thread cannot use more than one CPU, however many it may run on.
  result_.server->cpus = 4;
  EXPECT_EQ(judged().bottleneck, Bottleneck::kServer);
  result_.server->threads = 4;
  EXPECT_EQ(judged().bottleneck, Bottleneck::kWaiting);
}

TEST_F(VerdictTest, WithoutTheServersUseIdlenessIsNotExplained) {
  result_.server.reset();
  EXPECT_EQ(judged().bottleneck, Bottleneck::kUnknown);
}

TEST_F(VerdictTest, AnIdleOpenLoopIsBoundByItsSchedule) {
  open_loop(10'000, 0);
  EXPECT_EQ(judged().bottleneck, Bottleneck::kSchedule);
}

TEST_F(VerdictTest, AWindowThatNeverOpenedIsInvalid) {
  result_.window = Nanoseconds(0);
  EXPECT_EQ(judged().status, Status::kInvalid);
}

Nanoseconds tolerance(double rate_per_s, std::uint32_t burst_size = 1) {
  LoadPlan plan;
  plan.rate_per_s = rate_per_s;
  plan.burst_size = burst_size;
  return lateness_tolerance(plan);
}

TEST(LatenessTolerance, Is100MicrosecondsOrAHundredthOfTheGap) {
  EXPECT_EQ(tolerance(50'000), microseconds(100));
  EXPECT_EQ(tolerance(100), microseconds(100));
  EXPECT_EQ(tolerance(1), milliseconds(10));
}

// Would catch: bursts that count as late because their requests leave one after the other.
TEST(LatenessTolerance, TakesTheGapBetweenBursts) {
  EXPECT_EQ(tolerance(1000, 100), milliseconds(1));
  EXPECT_EQ(tolerance(1000, 2), microseconds(100));
}

// 50 at once, every 10 ms: 50 times 10 us; a thousand at once, every 20 ms: a tenth of that.
TEST(LatenessTolerance, LeavesABurstTimeToBeSent) {
  EXPECT_EQ(tolerance(5000, 50), microseconds(500));
  EXPECT_EQ(tolerance(50'000, 1000), milliseconds(2));
}

}  // namespace
}  // namespace fanin
