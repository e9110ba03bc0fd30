#include "loadgen/records/recorder.h"

#include <gtest/gtest.h>

#include <vector>

#include "loadgen/schedule/workload.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RecorderTest : public ::testing::Test {
 protected:
  // A request that is due, sent and answered.
  void answer(Nanoseconds after_open, Nanoseconds latency) {
    const TimePoint intended = open_ + after_open;
    recorder_.sent(intended, intended, intended);
    recorder_.completed(intended, intended, intended + latency);
  }

  std::vector<const Second*> ended() const {
    std::vector<const Second*> all;
    for (const Second* second = recorder_.seconds().first(); second != nullptr; second = second->next()) {
      all.push_back(second);
    }
    return all;
  }

  const TimePoint open_ = TimePoint{} + seconds(100);
  Recorder recorder_{true};
};

TEST_F(RecorderTest, OnlyTheWindowCounts) {
  recorder_.begin({open_ - seconds(1), open_, open_ + seconds(1)});
  answer(-milliseconds(1), milliseconds(5));  // reaches into the window, but does not belong to it
  answer(milliseconds(0), milliseconds(1));
  answer(milliseconds(999), milliseconds(5));  // answered after the close, but does
  answer(milliseconds(1000), milliseconds(1));
  recorder_.finish();
  EXPECT_EQ(recorder_.sent_count(), 2U);
  EXPECT_EQ(recorder_.completed_count(), 2U);
  EXPECT_EQ(recorder_.response().count(), 2U);
  EXPECT_EQ(recorder_.response().max(), milliseconds(5));
}

// Would catch: the backlog of an overloaded server at the end of the window counted as throughput.
TEST_F(RecorderTest, WhatCameWithinTheWindowGoesByTheReply) {
  recorder_.begin({open_ - seconds(1), open_, open_ + seconds(1)});
  answer(-milliseconds(100), milliseconds(50));
  answer(-milliseconds(100), milliseconds(150));
  answer(milliseconds(500), milliseconds(499));
  answer(milliseconds(500), milliseconds(500));
  answer(milliseconds(900), milliseconds(300));
  recorder_.finish();
  EXPECT_EQ(recorder_.completed_count(), 3U);
  EXPECT_EQ(recorder_.completed_in_window(), 2U);
}

// The bug: the last second of an overloaded open loop, whose rate was that of the backlog too, which the run waits for.
TEST_F(RecorderTest, TheLastSecondTellsWhatCameAfterTheWindow) {
  const std::vector<const Recorder*> recorders{&recorder_};
  SeriesReader reader(recorders);
  recorder_.begin({open_ - seconds(1), open_, open_ + milliseconds(1500)});
  answer(milliseconds(0), milliseconds(1));
  answer(milliseconds(1000), milliseconds(499));
  answer(milliseconds(1000), milliseconds(500));
  answer(milliseconds(1000), milliseconds(2500));
  recorder_.finish();
  EXPECT_EQ(recorder_.completed_late(), 2U);
  const auto first = reader.next();
  EXPECT_EQ(first.value().completed, 1U);
  EXPECT_EQ(first.value().late, 0U);
  const auto last = reader.next();
  EXPECT_EQ(last.value().completed, 3U);
  EXPECT_EQ(last.value().late, 2U);
  EXPECT_FALSE(reader.next());
}

TEST_F(RecorderTest, WithoutABacklogNothingIsLate) {
  recorder_.begin({open_ - seconds(1), open_, open_ + seconds(1)});
  answer(milliseconds(999), milliseconds(0));
  recorder_.finish();
  EXPECT_EQ(recorder_.completed_late(), 0U);
}

TEST_F(RecorderTest, AWindowThatIsCutShortTellsWhatCameAfterIt) {
  recorder_.begin({open_ - seconds(1), open_, open_ + seconds(10)});
  answer(milliseconds(100), milliseconds(1));
  recorder_.close_at(open_ + milliseconds(200));
  answer(milliseconds(150), milliseconds(51));
  recorder_.finish();
  EXPECT_EQ(recorder_.completed_late(), 1U);
  EXPECT_EQ(ended().size(), 1U);
}

// Would catch: a window that opens early and keeps its end or its seconds.
TEST_F(RecorderTest, AWindowThatOpensEarlyIsAsLong) {
  recorder_.begin({open_ - seconds(1), open_ + seconds(10), open_ + seconds(12)});
  answer(-milliseconds(1), milliseconds(1));
  recorder_.publish(open_, 1);
  EXPECT_EQ(recorder_.progress_outside(), 1U);
  recorder_.open_early(open_, open_ - milliseconds(1));
  answer(milliseconds(0), milliseconds(1));
  answer(milliseconds(1500), milliseconds(1));
  answer(milliseconds(2000), milliseconds(1));
  EXPECT_EQ(recorder_.window().close, open_ + seconds(2));
  recorder_.finish();
  EXPECT_EQ(recorder_.completed_count(), 2U);
  ASSERT_EQ(ended().size(), 2U);
  EXPECT_EQ(ended()[1]->completed, 1U);
}

// Would catch: a thread that learns of the opening too late and then has more replies than requests, since some were
// sent before it knew that they count.
TEST_F(RecorderTest, AThreadThatLearnsLateOpensAfterWhatItHasSent) {
  recorder_.begin({open_ - seconds(1), open_ + seconds(10), open_ + seconds(12)});
  answer(milliseconds(5), milliseconds(1));
  recorder_.open_early(open_, open_ + milliseconds(5));
  answer(milliseconds(6), milliseconds(1));
  EXPECT_EQ(recorder_.window().open, open_ + milliseconds(5) + Nanoseconds(1));
  recorder_.open_early(open_, open_ + milliseconds(20));  // as every tick does
  EXPECT_EQ(recorder_.window().open, open_ + milliseconds(5) + Nanoseconds(1));
  recorder_.finish();
  EXPECT_EQ(recorder_.sent_count(), 1U);
  EXPECT_EQ(recorder_.completed_count(), 1U);
}

TEST_F(RecorderTest, AWindowByCountThatOpensEarlyHasNoEnd) {
  recorder_.begin({open_, open_ + seconds(10)});
  recorder_.open_early(open_ + seconds(1), open_);
  EXPECT_EQ(recorder_.window().close, TimePoint::max());
  EXPECT_TRUE(recorder_.counts(open_ + seconds(1)));
}

// Would catch: a second without outcomes missing from the series, so that a stall looks like a shorter run; and
// outcomes after the close in a second of their own.
TEST_F(RecorderTest, SeriesHasEverySecondOfTheWindowAndAddsUp) {
  recorder_.begin({open_, open_, open_ + milliseconds(3500)});
  answer(milliseconds(100), milliseconds(1));
  answer(milliseconds(200), milliseconds(2));
  answer(milliseconds(2100), milliseconds(3));
  answer(milliseconds(3400), milliseconds(2000));
  recorder_.finish();
  ASSERT_EQ(ended().size(), 4U);
  EXPECT_EQ(ended()[0]->completed, 2U);
  EXPECT_EQ(ended()[0]->max, milliseconds(2));
  EXPECT_EQ(ended()[0]->buckets.size(), 2U);
  EXPECT_EQ(ended()[1]->completed, 0U);
  EXPECT_EQ(ended()[2]->completed, 1U);
  EXPECT_EQ(ended()[3]->completed, 1U);
  EXPECT_EQ(recorder_.response().count(), 4U);
}

TEST_F(RecorderTest, AWindowWithoutAnyOutcomeStillHasItsSeconds) {
  recorder_.begin({open_, open_, open_ + seconds(3)});
  recorder_.finish();
  EXPECT_EQ(ended().size(), 3U);
}

TEST_F(RecorderTest, UncompletedRequestsRankAboveAllAndKeepTheirKind) {
  recorder_.begin({open_, open_, open_ + seconds(1)});
  for (const ErrorKind kind : {ErrorKind::kReset, ErrorKind::kTimeout, ErrorKind::kOpenAtEnd, ErrorKind::kMismatch}) {
    recorder_.sent(open_, open_, open_);
    recorder_.failed(open_, open_ + milliseconds(1), kind);
  }
  recorder_.failed(open_ - seconds(1), open_, ErrorKind::kReset);  // of the warm-up
  recorder_.never_sent(2, 0);
  recorder_.finish();
  EXPECT_EQ(recorder_.sent_count(), 6U);
  EXPECT_EQ(recorder_.failed_count(), 2U);
  EXPECT_EQ(recorder_.unanswered_count(), 4U);
  EXPECT_EQ(recorder_.outstanding(), 0U);
  EXPECT_EQ(recorder_.response().uncompleted(), 6U);
  EXPECT_EQ(recorder_.request_errors()[ErrorKind::kReset], 1U);
  EXPECT_EQ(recorder_.outside_errors()[ErrorKind::kReset], 1U);
  EXPECT_EQ(ended()[0]->failed, 6U);
}

// Would catch: waiting for a connection counted as the generator's lateness, or lateness counted as waiting. Due at 10
// ms, a connection free at 40, sent at 41; due at 50, free before, sent at 53.
TEST_F(RecorderTest, LatenessCountsFromWhenAConnectionWasFree) {
  recorder_.begin({open_, open_, open_ + seconds(1)});
  recorder_.sent(open_ + milliseconds(10), open_ + milliseconds(40), open_ + milliseconds(41));
  EXPECT_EQ(recorder_.queueing().max(), milliseconds(30));
  EXPECT_EQ(recorder_.lateness().max(), milliseconds(1));
  recorder_.sent(open_ + milliseconds(50), open_ + milliseconds(40), open_ + milliseconds(53));
  EXPECT_EQ(recorder_.lateness().max(), milliseconds(3));
  EXPECT_EQ(recorder_.queued_count(), 1U);
}

// Would catch: the generator's own lateness attributed to a preemption. Due at 10 ms, sent at 12, tolerance 1 ms:
// without a preemption of 1 ms it would have been in time, without one of 0.9 ms it would not.
TEST_F(RecorderTest, LateByPreemptionsAreSendsInTimeWithoutThem) {
  Recorder recorder(true, milliseconds(1));
  recorder.begin({open_, open_, open_ + seconds(1)});
  const TimePoint due = open_ + milliseconds(10);
  recorder.preempted(std::chrono::microseconds(900));
  recorder.sent(due, TimePoint::min(), due + milliseconds(2));
  EXPECT_EQ(recorder.late_by_preemptions(), 0U);
  recorder.preempted(milliseconds(1));
  recorder.sent(due, TimePoint::min(), due + milliseconds(2));
  recorder.sent(due, TimePoint::min(), due + milliseconds(1));  // is in time
  EXPECT_EQ(recorder.late_by_preemptions(), 1U);
}

// Would catch: the first gap of the window left out, which is long in a slow schedule.
TEST_F(RecorderTest, GapsAreBetweenActualSends) {
  recorder_.begin({open_ - seconds(1), open_, open_ + seconds(1)});
  recorder_.sent(open_ - milliseconds(10), TimePoint::min(), open_ - milliseconds(10));
  recorder_.sent(open_ + milliseconds(1), TimePoint::min(), open_ + milliseconds(2));
  recorder_.sent(open_ + milliseconds(3), TimePoint::min(), open_ + milliseconds(3));
  EXPECT_EQ(recorder_.gaps().count(), 2U);
  EXPECT_EQ(recorder_.gaps().max(), milliseconds(12));
  EXPECT_EQ(recorder_.gaps().min(), milliseconds(1));
}

TEST_F(RecorderTest, NeverSentForLackOfAConnectionIsNotLate) {
  recorder_.begin({open_, open_, open_ + seconds(1)});
  recorder_.never_sent(1, 2);
  EXPECT_EQ(recorder_.lateness().uncompleted(), 1U);
  EXPECT_EQ(recorder_.queueing().uncompleted(), 2U);
  EXPECT_EQ(recorder_.queued_count(), 2U);
  EXPECT_EQ(recorder_.unanswered_count(), 3U);
}

TEST_F(RecorderTest, ProgressIsSeenOncePublished) {
  recorder_.begin({open_, open_, open_ + seconds(1)});
  answer(milliseconds(1), milliseconds(1));
  EXPECT_EQ(recorder_.progress_completed(), 0U);
  recorder_.publish(open_, 1);
  EXPECT_EQ(recorder_.progress_completed(), 1U);
}

// Would catch: a live view that shows a second without replies only after the next reply.
TEST_F(RecorderTest, ASecondWithoutRepliesEndsToo) {
  recorder_.begin({open_, open_, open_ + seconds(10)});
  answer(milliseconds(1), milliseconds(1));
  recorder_.publish(open_ + milliseconds(999), 1);
  EXPECT_EQ(ended().size(), 0U);
  recorder_.publish(open_ + milliseconds(3001), 1);
  ASSERT_EQ(ended().size(), 3U);
  EXPECT_EQ(ended()[0]->completed, 1U);
  EXPECT_EQ(ended()[2]->completed, 0U);
}

TEST_F(RecorderTest, ErrorsOfRequestsAndConnectionsAreSeenOncePublished) {
  recorder_.begin({open_, open_, open_ + seconds(10)});
  recorder_.failed(open_, open_, ErrorKind::kTimeout);
  recorder_.failed(open_ - seconds(1), open_, ErrorKind::kTimeout);  // of the warm-up
  recorder_.connection_error(ErrorKind::kClosedIdle);
  EXPECT_EQ(recorder_.progress_errors().total(), 0U);
  recorder_.publish(open_, 7);
  EXPECT_EQ(recorder_.progress_errors()[ErrorKind::kTimeout], 2U);
  EXPECT_EQ(recorder_.progress_errors()[ErrorKind::kClosedIdle], 1U);
  EXPECT_EQ(recorder_.progress_failed(), 1U);
  EXPECT_EQ(recorder_.progress_outside_failed(), 1U);
  EXPECT_EQ(recorder_.progress_connections(), 7U);
}

using std::chrono::milliseconds;

constexpr std::uint32_t kFirst = 100;  // number of the thread's first connection in the whole run

class ClassesTest : public ::testing::Test {
 protected:
  ClassesTest() {
    workload_.usable(0);
    workload_.start({.start = at_, .open = at_, .close = at_ + std::chrono::hours(1)});
  }
  std::size_t pick_class(std::uint32_t number) const { return mix_.pick_class(kFirst, number); }

  protocols::RequestMix mix_{1, std::vector<double>{1, 1}};
  ClassRecorder classes_{mix_, kFirst, 1};
  Recorder recorder_{false};
  Workload workload_{{.connections = 1, .pipeline = 3}, std::nullopt, recorder_, nullptr, &classes_};
  TimePoint at_{milliseconds(1)};
};

// Would catch: latencies that are recorded for the class of the newest request, or of another connection.
TEST_F(ClassesTest, EveryLatencyIsThatOfItsClass) {
  std::uint32_t asked = 0;
  while (workload_.next(at_)) {
    ++asked;
  }
  ASSERT_EQ(asked, 3U);
  for (std::uint32_t i = 0; i < 100; ++i) {  // requests of class 1 take longer, by when they were sent
    const TimePoint sent = workload_.oldest_sent(0);
    at_ = std::max(at_, sent) + milliseconds(pick_class(i) == 1 ? 50 : 1);
    const Nanoseconds latency = at_ - sent;
    const std::uint64_t before = classes_.records()[pick_class(i)].response.count();
    const Nanoseconds longest = std::max(classes_.records()[pick_class(i)].response.max(), latency);
    workload_.replied(0, 1, at_);
    EXPECT_EQ(classes_.records()[pick_class(i)].response.count(), before + 1);
    EXPECT_EQ(classes_.records()[pick_class(i)].response.max(), longest);
    workload_.next(at_);
  }
  EXPECT_EQ(workload_.ended(0), 100U);
}

// Would catch: requests that end with their connection and are not counted, after which every class is off by as many.
TEST_F(ClassesTest, NumbersGoOnInTheNextLife) {
  while (workload_.next(at_)) {
  }
  workload_.replied(0, 1, at_);
  workload_.unusable(0, at_, ErrorKind::kReset);  // two are in flight
  EXPECT_EQ(workload_.ended(0), 3U);
  std::vector<std::uint64_t> failed(2);
  ++failed[pick_class(1)];
  ++failed[pick_class(2)];
  EXPECT_EQ(classes_.records()[0].failed, failed[0]);
  EXPECT_EQ(classes_.records()[1].failed, failed[1]);
  workload_.usable(0, at_);
  ASSERT_TRUE(workload_.next(at_));
  const std::uint64_t before = classes_.records()[pick_class(3)].failed;
  workload_.refused(0, ErrorKind::kHttpStatus, at_);
  EXPECT_EQ(classes_.records()[pick_class(3)].failed, before + 1);
}

// Would catch: the warm-up's requests counted in the classes, or not counted on the way to the next request.
TEST(Classes, WhatIsNotOfTheWindowOnlyMovesTheNumberOn) {
  const protocols::RequestMix mix(1, std::vector<double>{1, 1});
  ClassRecorder classes(mix, 0, 1);
  classes.sent(0, 0, false);
  classes.completed(0, milliseconds(1), false);
  classes.failed(0, ErrorKind::kTimeout, false);
  EXPECT_EQ(classes.ended(0), 2U);
  for (const ClassRecord& record : classes.records()) {
    EXPECT_EQ(record.sent + record.completed + record.failed + record.unanswered, 0U);
    EXPECT_EQ(record.response.count() + record.response.uncompleted(), 0U);
  }
}

}  // namespace
}  // namespace fanin::load
