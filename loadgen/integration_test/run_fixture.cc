#include "loadgen/integration_test/run_fixture.h"

#include <atomic>

#include "loadgen/plan/driver_kind.h"
#include "loadgen/reports/verdict.h"
#include "protocols/client_options.h"
#include "protocols/registry.h"

namespace fanin::load {

LoadPlan plan_for(const Address& target, DriverKind driver) {
  LoadPlan plan;
  plan.target = target;
  plan.driver = driver;
  plan.connections = 4;
  plan.threads = driver == DriverKind::kThreads ? plan.connections : 2;
  plan.use_protocol("echo", [] { return find_protocol("echo").make_client({}); });
  plan.duration = std::chrono::milliseconds(100);
  plan.timeout = std::chrono::seconds(5);
  return plan;
}

LoadResult run(const LoadPlan& plan, const std::vector<RunListener*>& listeners) {
  const std::atomic<bool> interrupted{false};
  return run_load(plan, listeners, interrupted);
}

void Healer::progress(const Progress& progress) {
  if (progress.phase == Progress::Phase::kWindow) {
    server_.behave(Behaviour::kEchoes);
  }
}

void expect_accounted_for(const LoadResult& result) {
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

std::string reason_codes(const LoadPlan& plan, const LoadResult& result) {
  std::string codes;
  for (const Reason& reason : decide_verdict(plan, result).reasons) {
    codes += (codes.empty() ? "" : " ") + std::string(reason.name());
  }
  return codes;
}

void DriverTest::SetUp() {
  if (const auto reason = why_no_uring_driver(); GetParam() == DriverKind::kUring && reason) {
    GTEST_SKIP() << *reason;
  }
}

std::string driver_test_name(const ::testing::TestParamInfo<DriverKind>& each) {
  return each.param == DriverKind::kUring ? "uring" : std::string(driver_name(each.param));
}

}  // namespace fanin::load
