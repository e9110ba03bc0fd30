#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "loadgen/experiments/experiment.h"
#include "loadgen/plan/make_plan.h"

namespace fanin::load {

// A server that does 10,000 requests/s, its p99 1 ms up to 8000/s and 10 ms beyond; past its capacity sends are late.
inline Outcome simulated(const LoadOptions& options, const std::string& /*which*/) {
  Outcome outcome{.plan = make_plan(options)};
  const double asked = outcome.plan.rate_per_s.value_or(10'000);
  const bool late = asked > 10'000;
  const auto seconds = std::chrono::duration<double>(outcome.plan.duration).count();
  outcome.result.window = outcome.plan.duration;
  outcome.result.sent = outcome.result.completed = outcome.result.completed_in_window =
      static_cast<std::uint64_t>(asked * seconds);
  for (std::uint64_t i = 0; i < outcome.result.sent; ++i) {
    outcome.result.response.record(asked > 8000 ? std::chrono::milliseconds(10) : std::chrono::milliseconds(1));
  }
  if (late) {
    outcome.verdict.status = Status::kInvalid;
    outcome.verdict.reasons = {{ReasonCode::kLateSends, "late"}};
    outcome.verdict.late = true;
  }
  return outcome;
}

inline LoadOptions some_options() {
  LoadOptions options;
  options.target = "127.0.0.1:80";
  options.duration = std::chrono::seconds(2);
  return options;
}

class ExperimentTest : public ::testing::Test {
 protected:
  ExperimentTest() {
    path_ = std::filesystem::temp_directory_path() / ("experiment-" + std::to_string(::getpid()) + ".json");
  }
  ~ExperimentTest() override { ::unlink(path_.c_str()); }

  int sweep(const std::string& what, const Runner& run = simulated) {
    options_.sweep = what;
    ResultFile file(path_);
    const int code = run_sweep(options_, run, {nullptr, &file});
    read();
    return code;
  }
  int search(const std::string& objective, const Runner& run = simulated) {
    options_.find_rate = objective;
    ResultFile file(path_);
    const int code = run_rate_search(options_, run, {nullptr, &file});
    read();
    return code;
  }
  void read() {
    std::ifstream stream(path_);
    json_ = nlohmann::json::parse(stream);
  }

  LoadOptions options_ = some_options();
  std::string path_;
  nlohmann::json json_;
};

}  // namespace fanin::load
