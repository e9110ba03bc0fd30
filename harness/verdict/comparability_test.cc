// Whether stored runs can be compared, and what differs between their environments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "harness/verdict/compare_fixture.h"

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Comparability, FactorsMustNotDiffer) {
  const Json base = run_of(1000, 100, 10);
  EXPECT_THAT(obstacles(base, base, {}), IsEmpty());
  const auto obstacle = [&](const std::function<void(Json&)>& change, const CompareOptions& options = {}) {
    Json other = base;
    change(other);
    const std::vector<std::string> all = obstacles(base, other, options);
    return all.empty() ? "none" : all.front();
  };
  EXPECT_EQ(obstacle([](Json& run) { run["environment"]["start"]["cpu"]["model"] = "Y"; }),
            "CPU model differs: \"X\" and \"Y\": give --vary cpu if it is meant to");
  EXPECT_THAT(obstacle([](Json& run) { run["environment"]["start"]["hypervisor"] = "KVM"; }), HasSubstr("hypervisor"));
  EXPECT_THAT(obstacle([](Json& run) { run["environment"]["start"]["clocksource"] = "hpet"; }), HasSubstr("clock"));
  EXPECT_THAT(obstacle([](Json& run) { run["placement"]["mode"] = "shared"; }), HasSubstr("placement"));
  EXPECT_THAT(obstacle([](Json& run) { run["environment"]["start"]["build"]["build_type"] = "Debug"; }),
              HasSubstr("build type"));
  const auto other_generator = [](Json& run) { run["environment"]["start"]["binaries"]["fanin-load_sha256"] = "bb"; };
  EXPECT_THAT(obstacle(other_generator), HasSubstr("fanin-load"));
  CompareOptions vary;
  vary.vary = {"generator", "kernel"};
  EXPECT_EQ(obstacle(other_generator, vary), "none");
  const auto other_kernel = [](Json& run) { run["environment"]["start"]["kernel"]["release"] = "6.12"; };
  EXPECT_THAT(obstacle(other_kernel), HasSubstr("kernel differs: \"6.1\" and \"6.12\""));
  EXPECT_EQ(obstacle(other_kernel, vary), "none");
  const auto change_workloads = [](const char* key, const Json& value) {
    return [key, value](Json& run) {
      for (Json& round : run["rounds"]) {
        round["load"]["workload"][key] = value;
      }
    };
  };
  EXPECT_EQ(obstacle(change_workloads("loop", "open")), "loop of x/epoll/10 differs: \"closed\" and \"open\"");
  EXPECT_THAT(obstacle(change_workloads("connections", 11)),
              HasSubstr("workload of x/epoll/10 differs: connections 10 and 11"));
  EXPECT_THAT(obstacle([](Json& run) { run["rounds"].clear(); }), HasSubstr("no measured cell in common"));
}

TEST(Comparability, NotesWhatElseDiffers) {
  const Json base = run_of(1000, 100, 10);
  Json other = run_of(2000, 100, 10);  // another load average, which changes by itself
  EXPECT_THAT(environment_differences(base, other), IsEmpty());
  other["environment"]["start"]["kernel"]["release"] = "6.18";
  EXPECT_THAT(environment_differences(base, other), ElementsAre("kernel/release: \"6.1\" -> \"6.18\""));
}

}  // namespace
}  // namespace fanin::harness
