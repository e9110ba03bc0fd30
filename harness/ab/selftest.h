#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/verdict/verdict.h"
#include "net/clock.h"

namespace fanin::harness {

struct SelftestOptions {
  std::vector<std::string> models = {"epoll", "thread", "io-uring-multishot"};
  std::vector<std::string> scenarios;  // empty: all
  int sessions = 10;                   // of each scenario and model
  std::string out = "selftest.json";   // sessions are added to those that it holds
  std::string load_binary;
};

// An effect that a session must find: base spends loops on each request, new spends more of them.
struct Scenario {
  std::string_view name;
  std::string_view metric;
  double more_cpu;  // share of the server's CPU time per request that is added
  double band;
  net::Nanoseconds budget;
};

const std::vector<Scenario>& selftest_scenarios();

// One session as selftest.json keeps it: what was added, what was found, and the control, which is an A/A comparison.
Json session_record(const Scenario& scenario, const std::string& model, const Judgement& judgement,
                    double measured_seconds);

// Error rates and power that the sessions of a selftest.json show, with Clopper-Pearson bounds at 95 %: how many
// sessions of each scenario and model found the effect, and how many A/A comparisons raised an alarm.
Json summarise_selftest(const std::vector<Json>& sessions);

// "0 of 312 A/A comparisons raised an alarm (at most 0.96 % at 95 %), measured on CPU, KERNEL". `environment` is that
// of this machine: another CPU or hypervisor is named. Without a file it says how to get one.
std::string describe_false_alarms(const std::string& path, const Json& environment);

// `fanin selftest`: measures how often `fanin ab` errs on this machine. Writes the file after every session. Returns 0,
// or 130 if interrupted. Throws std::invalid_argument for errors of the user.
int run_selftest(const SelftestOptions& options);

}  // namespace fanin::harness
