#include "harness/analysis/figures.h"

#include <gtest/gtest.h>

namespace fanin::harness {
namespace {

TEST(Figures, HaveThreeDigitsAndAPrefix) {
  EXPECT_EQ(figure(152'340.0, "1/s"), "152k/s");
  EXPECT_EQ(figure(1'234'567, "1/s"), "1.23M/s");
  EXPECT_EQ(figure(850, "ns"), "850 ns");
  EXPECT_EQ(figure(6'214, "ns"), "6.21 us");
  EXPECT_EQ(figure(12'500'000, "ns"), "12.5 ms");
  EXPECT_EQ(figure(2e9, "ns"), "2.00 s");
  EXPECT_EQ(figure(1'800'000, "bytes"), "1.80 MB");
  EXPECT_EQ(figure(4096, "bytes"), "4.10 kB");  // powers of ten, as the prefix says
}

// A plain number has no prefix: 1000 threads are not "1.00k".
TEST(Figures, OfPlainNumbers) {
  EXPECT_EQ(figure(3, "1"), "3.00");
  EXPECT_EQ(figure(12.34, "1"), "12.3");
  EXPECT_EQ(figure(1000, "1"), "1000");
}

// Would catch: "1000 ns", "10.00" or "100.0" just below a border, where rounding adds a digit.
TEST(Figures, RoundIntoTheNextStep) {
  EXPECT_EQ(figure(999.4, "ns"), "999 ns");
  EXPECT_EQ(figure(999.5, "ns"), "1.00 us");
  EXPECT_EQ(figure(9.994, "1"), "9.99");
  EXPECT_EQ(figure(9.996, "1"), "10.0");
  EXPECT_EQ(figure(99.94, "1"), "99.9");
  EXPECT_EQ(figure(99.96, "1"), "100");
}

TEST(Figures, StayReadableAtTheEnds) {
  EXPECT_EQ(figure(0, "ns"), "0.00 ns");
  EXPECT_EQ(figure(5e12, "ns"), "5000 s");        // there is no larger prefix
  EXPECT_EQ(figure(-2048, "bytes"), "-2.05 kB");  // a difference of readings may be negative
}

// Would catch: a value that could not be measured printed as 0.
TEST(Figures, NullIsNoNumber) {
  EXPECT_EQ(figure(nullptr, "ns"), "-");
  EXPECT_EQ(figure("12", "ns"), "-");
}

}  // namespace
}  // namespace fanin::harness
