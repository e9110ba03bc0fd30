#include "loadgen/records/class_recorder.h"

#include <gtest/gtest.h>

#include "loadgen/schedule/workload.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kFirst = 100;  // number of the thread's first connection in the whole run

class ClassesTest : public ::testing::Test {
 protected:
  ClassesTest() {
    workload_.usable(0);
    workload_.start({.start = at_, .open = at_, .close = at_ + std::chrono::hours(1)});
  }
  std::size_t pick_class(std::uint32_t number) const { return mix_.pick_class(kFirst, number); }

  RequestMix mix_{1, std::vector<double>{1, 1}};
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
  const RequestMix mix(1, std::vector<double>{1, 1});
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
