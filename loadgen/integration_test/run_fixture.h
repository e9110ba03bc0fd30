#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "loadgen/integration_test/test_server.h"
#include "loadgen/plan/driver_kind.h"
#include "loadgen/reports/verdict.h"
#include "loadgen/runs/run.h"
#include "protocols/client_options.h"
#include "protocols/registry.h"

namespace fanin::load {

using Behaviour = TestServer::Behaviour;

// Four connections that ask for an echo for 100 ms.
inline LoadPlan plan_for(const net::Address& target, DriverKind driver) {
  LoadPlan plan;
  plan.target = target;
  plan.driver = driver;
  plan.connections = 4;
  plan.threads = driver == DriverKind::kThreads ? plan.connections : 2;
  plan.use_protocol("echo", [] { return protocols::find_protocol("echo").make_client({}); });
  plan.duration = std::chrono::milliseconds(100);
  plan.timeout = std::chrono::seconds(5);
  plan.allow_busy = true;  // other tests run meanwhile, which no verdict here is about
  return plan;
}

inline LoadResult run(const LoadPlan& plan, const std::vector<RunListener*>& listeners = {}) {
  const std::atomic<bool> interrupted{false};
  return run_load(plan, listeners, interrupted);
}

// Makes a server that misbehaves echo from the first progress within the window on, so it has misbehaved until then.
class Healer : public RunListener {
 public:
  explicit Healer(TestServer& server) : server_(server) {}
  void progress(const Progress& progress) override {
    if (progress.phase == Progress::Phase::kWindow) {
      server_.behave(Behaviour::kEchoes);
    }
  }

 private:
  TestServer& server_;
};

// Would catch a request that is lost from any of the accounts.
inline void expect_accounted_for(const LoadResult& result) {
  EXPECT_EQ(result.sent, result.completed + result.failed + result.unanswered);
  EXPECT_EQ(result.request_errors.total(), result.failed + result.unanswered);
  EXPECT_EQ(result.response.count(), result.completed);
  EXPECT_EQ(result.response.uncompleted(), result.failed + result.unanswered);
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  for (const SeriesPoint& point : result.series) {
    completed += point.completed;
    failed += point.failed;
  }
  EXPECT_EQ(completed, result.completed);
  EXPECT_EQ(failed, result.failed + result.unanswered);
}

// The codes of the verdict's reasons, separated by spaces.
inline std::string reason_codes(const LoadPlan& plan, const LoadResult& result) {
  std::string codes;
  for (const Reason& reason : decide_verdict(plan, result).reasons) {
    codes += (codes.empty() ? "" : " ") + std::string(reason.name());
  }
  return codes;
}

// Tests over drivers. Every file derives a class of its own, which it instantiates with the drivers that it is about
// and driver_test_name.
class DriverTest : public ::testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_uring_driver(); GetParam() == DriverKind::kUring && reason) {
      GTEST_SKIP() << *reason;
    }
  }
};

inline const auto kAllDrivers = ::testing::Values(DriverKind::kEpoll, DriverKind::kUring, DriverKind::kThreads);
inline const auto kLoopDrivers = ::testing::Values(DriverKind::kEpoll, DriverKind::kUring);

inline std::string driver_test_name(const ::testing::TestParamInfo<DriverKind>& each) {
  return each.param == DriverKind::kUring ? "uring" : std::string(driver_name(each.param));
}

}  // namespace fanin::load
