#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loadgen/integration_test/test_server.h"
#include "loadgen/runs/run.h"

namespace fanin::load {

using Behaviour = TestServer::Behaviour;

// Four connections that ask for an echo for 100 ms.
LoadPlan plan_for(const Address& target, DriverKind driver);

LoadResult run(const LoadPlan& plan, const std::vector<RunListener*>& listeners = {});

// Makes a server that misbehaves echo from the first progress within the window on, so it has misbehaved until then.
class Healer : public RunListener {
 public:
  explicit Healer(TestServer& server) : server_(server) {}
  void progress(const Progress& progress) override;

 private:
  TestServer& server_;
};

// Would catch a request that is lost from any of the accounts.
void expect_accounted_for(const LoadResult& result);

// The codes of the verdict's reasons, separated by spaces.
std::string reason_codes(const LoadPlan& plan, const LoadResult& result);

// Tests over drivers. Every file derives a class of its own, which it instantiates with the drivers that it is about
// and driver_test_name.
class DriverTest : public ::testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override;
};

inline const auto kAllDrivers = ::testing::Values(DriverKind::kEpoll, DriverKind::kUring, DriverKind::kThreads);
inline const auto kLoopDrivers = ::testing::Values(DriverKind::kEpoll, DriverKind::kUring);

std::string driver_test_name(const ::testing::TestParamInfo<DriverKind>& each);

}  // namespace fanin::load
