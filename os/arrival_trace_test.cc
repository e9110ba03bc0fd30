#include "os/arrival_trace.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <string>

namespace fanin::os {
namespace {

ArrivalTrace read(const std::string& text) {
  std::istringstream lines(text);
  return ArrivalTrace::read(lines, "times.txt");
}

std::string trace_refusal(const std::string& text) {
  try {
    read(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

TEST(ArrivalTrace, TakesSecondsAndUnitsCountedFromTheFirstTime) {
  const ArrivalTrace trace = read("# recorded on a Friday\n\n1.5\n  1600ms \r\n1.8s");
  EXPECT_EQ(trace.size(), 3U);
  EXPECT_EQ(trace.offset_ns(0), 0);
  EXPECT_EQ(trace.offset_ns(1), 1e8);
  EXPECT_EQ(trace.offset_ns(2), 3e8);
  EXPECT_DOUBLE_EQ(trace.mean_gap_ns(), 1.5e8);
  EXPECT_DOUBLE_EQ(trace.rate_per_s(), 1e9 / 1.5e8);
}

// Would catch: a gap of nothing, or a rate that depends on how often the file is repeated.
TEST(ArrivalTrace, LeavesTheMeanGapBeforeItsRepetition) {
  const ArrivalTrace trace = read("0\n1\n");
  EXPECT_EQ(trace.offset_ns(2), 2e9);
  EXPECT_EQ(trace.offset_ns(2'000'001), 2'000'001e9);
}

TEST(ArrivalTrace, NamesTheLineThatIsWrong) {
  EXPECT_EQ(trace_refusal("0\n0.1\nsoon\n"),
            "times.txt:3: 'soon' is no time: give seconds such as 0.125, or a unit, as in 125ms");
  EXPECT_EQ(trace_refusal("0\n\n2\n1.5\n"), "times.txt:4: 1.5 is earlier than the time before it: sort the times");
  EXPECT_NE(trace_refusal("-1\n2\n").find("times.txt:1: '-1' is no time"), std::string::npos);
  EXPECT_NE(trace_refusal("1 2\n").find("'1 2' is no time"), std::string::npos);
}

// Would catch: a message that ends at a NUL of the file, and one that shows nothing wrong in the line that it quotes.
TEST(ArrivalTrace, BytesThatNoTerminalShowsAreSaidOrTaken) {
  EXPECT_EQ(trace_refusal(std::string("0\n1\0002\n", 6)),
            "times.txt:2: '1\\x002' is no time: give seconds such as 0.125, or a unit, as in 125ms");
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "0\n1\n")
                .size(),
            2U);
}

TEST(ArrivalTrace, NeedsTwoDifferentTimes) {
  for (const char* text : {"", "# nothing\n", "1\n", "1\n1\n"}) {
    EXPECT_NE(trace_refusal(text).find("needs two different times"), std::string::npos) << text;
  }
}

TEST(ArrivalTrace, SaysThatAFileCannotBeRead) {
  for (const char* file : {"/nonexistent/times.txt", "/"}) {
    try {
      ArrivalTrace::read_file(file, "--arrival trace");
      FAIL() << file;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()).rfind(std::string("--arrival trace ") + file, 0), 0U) << error.what();
    }
  }
}

}  // namespace
}  // namespace fanin::os
