#include "loadgen/plan/condition.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::load {
namespace {

using Figure = Condition::Figure;

Condition parse(const std::string& text) { return parse_conditions("--assert", text).front(); }

std::string why_refused(const std::string& text) {
  try {
    parse_conditions("--assert", text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

TEST(Condition, ReadsSeveralJoinedByCommas) {
  const auto conditions = parse_conditions("--assert", "p99.9<2ms,errors<=0.1%,rate>50k,max<1s,mean>=10us");
  ASSERT_EQ(conditions.size(), 5U);
  EXPECT_EQ(conditions[0].text, "p99.9<2ms");
  EXPECT_EQ(conditions[0].percentile.per_10000, 9990U);
  EXPECT_EQ(conditions[0].bound, 2'000'000);
  EXPECT_EQ(conditions[1].figure, Figure::kErrors);
  EXPECT_DOUBLE_EQ(conditions[1].bound, 0.001);
  EXPECT_TRUE(conditions[1].included);
  EXPECT_EQ(conditions[2].figure, Figure::kRate);
  EXPECT_EQ(conditions[2].bound, 50'000);
  EXPECT_FALSE(conditions[2].is_upper);
  EXPECT_EQ(conditions[3].figure, Figure::kMax);
  EXPECT_EQ(conditions[4].figure, Figure::kMean);
  EXPECT_EQ(conditions[4].bound, 10'000);
  EXPECT_TRUE(conditions[4].included);
}

// Would catch: `--assert 'p99 < 2ms'`, as most people type it, is refused; blanks become a part of the name.
TEST(Condition, MayHaveBlanks) {
  const auto conditions = parse_conditions("--assert", " p99 < 2ms , errors <= 0.1%,  rate  >50k");
  ASSERT_EQ(conditions.size(), 3U);
  EXPECT_EQ(conditions[0].text, "p99 < 2ms");
  EXPECT_EQ(conditions[0].bound, 2'000'000);
  EXPECT_TRUE(conditions[1].included);
  EXPECT_DOUBLE_EQ(conditions[1].bound, 0.001);
  EXPECT_EQ(conditions[2].bound, 50'000);
  EXPECT_NE(why_refused("p99 < ").find("'' is not a duration"), std::string::npos);
}

// Would catch: the name that the summary has for the rate is unknown.
TEST(Condition, ThroughputIsTheRate) {
  const Condition condition = parse("throughput>=50k");
  EXPECT_EQ(condition.figure, Figure::kRate);
  EXPECT_EQ(figure_name(condition), "rate");
}

TEST(Condition, NamesFigureAndUnit) {
  EXPECT_EQ(figure_name(parse("p50<1ms")), "p50");
  EXPECT_EQ(figure_name(parse("max<1ms")), "max");
  EXPECT_EQ(figure_unit(parse("mean<1ms")), "ns");
  EXPECT_EQ(figure_unit(parse("errors<1%")), "share");
  EXPECT_EQ(figure_unit(parse("rate>1")), "1/s");
}

// Would catch: <= taken for <, and > for >=.
TEST(Condition, TellsTheBoundFromBothSides) {
  EXPECT_FALSE(parse("rate<100").holds(100));
  EXPECT_TRUE(parse("rate<=100").holds(100));
  EXPECT_FALSE(parse("rate<=100").holds(101));
  EXPECT_FALSE(parse("rate>100").holds(100));
  EXPECT_TRUE(parse("rate>=100").holds(100));
  EXPECT_FALSE(parse("rate>=100").holds(99));
}

TEST(Condition, RefusesWhatItCannotMean) {
  EXPECT_EQ(why_refused("p99"),
            "--assert p99: 'p99' has no '<' or '>': give one such as p99<2ms, errors<0.1% or rate>50k");
  EXPECT_NE(why_refused("p98<1ms").find("'p98' is not one of p50"), std::string::npos);
  EXPECT_NE(why_refused("p99<1ms,").find("'' has no '<' or '>'"), std::string::npos);
  EXPECT_NE(why_refused("p99=<1ms").find("'p99=' is not one of"), std::string::npos);
  EXPECT_NE(why_refused("p99<fast").find("--assert: 'fast' is not a duration"), std::string::npos);
  EXPECT_NE(why_refused("errors<0.1").find("'0.1' is no share"), std::string::npos);
  EXPECT_NE(why_refused("errors<101%").find("'101%' is no share"), std::string::npos);
  EXPECT_NE(why_refused("rate>50k/s").find("'50k/s' is no rate"), std::string::npos);
}

// Would catch: a condition that no server can meet, noticed after the run.
TEST(Condition, RefusesWhatNothingCanMeet) {
  for (const char* text : {"p99<0", "p50<=0", "max<0", "errors<0%", "rate<0", "rate<=-1"}) {
    EXPECT_NE(why_refused(text).find("cannot be so low: give a greater bound"), std::string::npos) << text;
  }
  EXPECT_NE(why_refused("errors>100%").find("cannot be so high: give a lower bound"), std::string::npos);
  EXPECT_EQ(why_refused("errors<=0%,rate<=0,errors>=100%,rate>0"), "taken");
}

}  // namespace
}  // namespace fanin::load
