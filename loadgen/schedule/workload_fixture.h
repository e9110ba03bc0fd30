#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "loadgen/schedule/workload.h"

namespace fanin::load {

// A workload over connections that are all up, with its clock.
struct WorkloadBench {
  explicit WorkloadBench(const WorkloadPlan& plan, std::optional<ArrivalPlan> arrival = std::nullopt,
                         Nanoseconds window = std::chrono::seconds(10))
      : recorder(std::make_unique<Recorder>(arrival.has_value())),
        workload(plan, arrival ? std::optional(Schedule(*arrival, 0)) : std::nullopt, *recorder) {
    for (std::uint32_t i = 0; i < plan.connections; ++i) {
      workload.usable(i);
    }
    const TimePoint close = plan.requests ? TimePoint::max() : clock.now() + window;
    workload.start({clock.now(), clock.now(), close});
  }

  // Connections of all requests that are due now, in sending order.
  std::vector<std::uint32_t> send_due() {
    std::vector<std::uint32_t> order;
    while (const auto connection = workload.next(clock.now())) {
      order.push_back(*connection);
    }
    return order;
  }

  void expect_all_accounted_for() const {
    EXPECT_EQ(recorder->sent_count(),
              recorder->completed_count() + recorder->failed_count() + recorder->unanswered_count());
    EXPECT_EQ(recorder->request_errors().total(), recorder->failed_count() + recorder->unanswered_count());
    EXPECT_EQ(recorder->outstanding(), 0U);
  }

  net::FakeClock clock;
  std::unique_ptr<Recorder> recorder;
  Workload workload;
};

}  // namespace fanin::load
