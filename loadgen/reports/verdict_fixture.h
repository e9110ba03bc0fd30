#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loadgen/reports/verdict.h"
#include "protocols/client_options.h"
#include "protocols/registry.h"

namespace fanin::load {

// A sound second of a closed loop: 10 connections, 1 ms each, 10,000 requests.
class VerdictTest : public ::testing::Test {
 protected:
  VerdictTest() {
    plan_.connections = 10;
    plan_.use_protocol("echo", [] { return protocols::find_protocol("echo").make_client({}); });
    result_.opened_at = WallTime{};
    result_.window = std::chrono::seconds(1);
    result_.connections.established = 10;
    result_.served = 10;
    result_.sent = result_.completed = result_.completed_in_window = 10'000;
    for (int i = 0; i < 10'000; ++i) {
      result_.response.record(std::chrono::milliseconds(1));
    }
    result_.busiest_thread_utilisation = 0.5;
    result_.server = ServerUsage{std::chrono::milliseconds(500), 1, 1};
  }

  void open_loop(int on_time, int late) {
    plan_.rate_per_s = 1000;
    for (int i = 0; i < on_time; ++i) {
      result_.lateness.record(std::chrono::microseconds(10));
    }
    for (int i = 0; i < late; ++i) {
      result_.lateness.record(std::chrono::milliseconds(1));
    }
  }

  Verdict decide() const { return decide_verdict(plan_, result_); }

  std::vector<std::string> decide_texts() const {
    std::vector<std::string> texts;
    for (const Reason& reason : decide().reasons) {
      texts.push_back(reason.text);
    }
    return texts;
  }

  LoadPlan plan_;
  LoadResult result_;
};

}  // namespace fanin::load
