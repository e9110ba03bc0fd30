#include <gtest/gtest.h>

#include <stdexcept>

#include "loadgen/experiments/experiment.h"
#include "loadgen/plan/make_plan.h"

namespace fanin::load {
namespace {

LoadOptions sweeping(const std::string& text) {
  LoadOptions options;
  options.target = "127.0.0.1:80";
  options.sweep = text;
  return options;
}

std::string refusal(const LoadOptions& options) {
  try {
    parse_sweep(options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

TEST(Sweep, EveryKeySetsItsOption) {
  const auto last = [](const char* text) { return make_plan(parse_sweep(sweeping(text)).points.back().options); };
  EXPECT_EQ(last("rate=100,250.5").rate_per_s, 250.5);
  EXPECT_EQ(last("connections=1,1000").connections, 1000U);
  EXPECT_EQ(last("payload-bytes=1,65536").request_bytes, 65536U);
  EXPECT_EQ(last("pipeline=1,16").pipeline, 16U);
  EXPECT_EQ(last("requests-per-connection=0,5").requests_per_connection, 5U);
  EXPECT_EQ(last("idle-connections=0,500").idle, 500U);
  EXPECT_EQ(last("think-time=0,20ms").think_time, std::chrono::milliseconds(20));
}

// Would catch: points that inherit each other's value, and values in another unit than declared.
TEST(Sweep, PointsAreInTheGivenOrderWithTheirValues) {
  const Sweep sweep = parse_sweep(sweeping("think-time=10ms,1s,0"));
  EXPECT_EQ(sweep.key, "think-time");
  EXPECT_EQ(sweep.unit, "ns");
  ASSERT_EQ(sweep.points.size(), 3U);
  EXPECT_EQ(sweep.points[0].text, "10ms");
  EXPECT_EQ(sweep.points[0].value, 1e7);
  EXPECT_EQ(sweep.points[1].value, 1e9);
  EXPECT_EQ(sweep.points[2].value, 0);
}

// Would catch: a sweep that runs for minutes and then stumbles over its last value.
TEST(Sweep, RefusesEveryPointThatCannotRunBeforehand) {
  EXPECT_NE(refusal(sweeping("connections=10,0")).find("--connections 0 is out of range"), std::string::npos);
  EXPECT_NE(refusal(sweeping("rate=10,-1")).find("--rate -1 is out of range"), std::string::npos);
  EXPECT_NE(refusal(sweeping("connections")).find("has no '='"), std::string::npos);
  EXPECT_NE(refusal(sweeping("colour=red")).find("cannot vary 'colour': choose one of rate, "), std::string::npos);
  EXPECT_NE(refusal(sweeping("pipeline=1,,2")).find("'' is no whole number"), std::string::npos);
  EXPECT_NE(refusal(sweeping("pipeline=")).find("'' is no whole number"), std::string::npos);
  EXPECT_NE(refusal(sweeping("pipeline=1.5")).find("'1.5' is no whole number"), std::string::npos);
  EXPECT_NE(refusal(sweeping("pipeline=auto")).find("'auto' is no whole number"), std::string::npos);
  EXPECT_NE(refusal(sweeping("think-time=soon")).find("'soon' is not a duration"), std::string::npos);
}

TEST(Sweep, RefusesARateWithASweepOfRates) {
  LoadOptions options = sweeping("rate=auto");
  EXPECT_TRUE(parse_sweep(options).automatic_rates);
  options.ramp = "1..5";
  EXPECT_NE(refusal(options).find("--rate and --ramp contradict"), std::string::npos);
  options = sweeping("rate=auto");
  options.rate_per_s = 5;
  EXPECT_NE(refusal(options).find("contradict"), std::string::npos);
}

TEST(Sweep, AutomaticRatesGoFromATenthOfTheCeilingBeyondIt) {
  const auto points = rates_up_to(123'456, sweeping("rate=auto"));
  ASSERT_EQ(points.size(), 9U);
  EXPECT_EQ(points.front().value, 12'300);
  EXPECT_EQ(points[7].value, 117'000);
  EXPECT_EQ(points.back().value, 130'000);
  EXPECT_EQ(points.back().text, "130000");
  EXPECT_EQ(make_plan(points.front().options).rate_per_s, 12'300);
}

}  // namespace
}  // namespace fanin::load
