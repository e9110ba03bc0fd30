#include "loadgen/records/second_series.h"

#include <gtest/gtest.h>

#include <thread>

#include "loadgen/records/recorder.h"

namespace fanin::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kOpen = TimePoint{} + seconds(100);

// Would catch: a second that is read before all threads have passed its end, or never where one of them has finished.
TEST(SeriesReader, ReadsASecondOnceAllThreadsHavePassedIt) {
  Recorder one(true);
  Recorder other(true);
  one.begin({kOpen, kOpen, kOpen + seconds(10)});
  other.begin({kOpen, kOpen, kOpen + seconds(10)});
  SeriesReader reader({&one, &other});
  one.completed(kOpen + milliseconds(1), kOpen + milliseconds(1), kOpen + milliseconds(3));
  one.completed(kOpen + milliseconds(1500), kOpen + milliseconds(1500), kOpen + milliseconds(1503));
  one.publish(kOpen + seconds(2), 1);
  EXPECT_FALSE(reader.next());
  other.failed(kOpen, kOpen + milliseconds(5), ErrorKind::kReset);
  other.publish(kOpen + seconds(1), 1);
  const auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number, 0U);
  EXPECT_EQ(first->completed, 1U);
  EXPECT_EQ(first->failed, 1U);
  EXPECT_EQ(first->responses.max(), milliseconds(2));
  EXPECT_EQ(first->responses.count(), 1U);
  EXPECT_EQ(first->responses.uncompleted(), 1U);
  EXPECT_FALSE(reader.next());
  other.close_at(kOpen + milliseconds(1200));
  other.finish();
  EXPECT_EQ(reader.next()->number, 1U);
  EXPECT_FALSE(reader.next());
}

// Would catch, under ThreadSanitizer: a second that moves or changes while another thread reads it. Far more seconds
// than memory was taken for, so that it must grow.
TEST(SeriesReader, ReadsSecondsWhileOthersAreAdded) {
  constexpr int kSeconds = 3000;
  Recorder endless(true);
  endless.begin({kOpen, kOpen});
  std::thread writer([&endless] {
    for (int i = 0; i < kSeconds; ++i) {
      for (int bucket = 0; bucket < 30; ++bucket) {
        endless.completed(kOpen + seconds(i), kOpen, kOpen + seconds(i) + Nanoseconds(std::int64_t{1} << bucket));
      }
      endless.publish(kOpen + seconds(i + 1), 1);
    }
    endless.finish();
  });
  SeriesReader reader({&endless});
  std::uint64_t read = 0;
  while (read < kSeconds) {
    if (const auto second = reader.next()) {
      EXPECT_EQ(second->number, read++);
      EXPECT_EQ(second->completed, 30U);
      EXPECT_EQ(second->responses.count(), 30U);
    }
  }
  writer.join();
}

}  // namespace
}  // namespace fanin::load
