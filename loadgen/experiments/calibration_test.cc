#include "loadgen/experiments/calibration.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "loadgen/experiments/clock_trials.h"

namespace fanin {
namespace {

class CalibrationFile : public ::testing::Test {
 protected:
  // A name of its own for each process: ctest runs the tests of this class side by side.
  CalibrationFile() : path_(::testing::TempDir() + "fanin-calibration-" + std::to_string(::getpid()) + ".json") {
    describe_machine(calibration_);
    calibration_.ceilings.resize(2);
    calibration_.ceilings[0].driver = DriverKind::kEpoll;
    calibration_.ceilings[0].requests_per_s = 1000.0;
    calibration_.ceilings[1].driver = DriverKind::kUring;
    calibration_.ceilings[1].reason = "not here";
  }
  ~CalibrationFile() override { std::filesystem::remove(path_); }

  void write(const std::string& text) const { std::ofstream(path_) << text; }
  void expect_refused(DriverKind driver, const std::string& part) const {
    try {
      read_ceiling(path_, driver);
      ADD_FAILURE() << "taken, though " << part;
    } catch (const std::invalid_argument& refused) {
      EXPECT_NE(std::string(refused.what()).find(part), std::string::npos) << refused.what();
    }
  }

  std::string path_;
  Calibration calibration_;
};

TEST_F(CalibrationFile, GivesTheCeilingOfADriver) {
  write(calibration_json(calibration_).dump());
  EXPECT_EQ(read_ceiling(path_, DriverKind::kEpoll), 1000.0);
  expect_refused(DriverKind::kUring, "no ceiling of the driver io-uring");
  expect_refused(DriverKind::kThreads, "no ceiling of the driver threads");
}

// Would catch: a ceiling of one machine that marks the results of another.
TEST_F(CalibrationFile, OfAnotherMachineIsRefused) {
  calibration_.kernel += "x";
  write(calibration_json(calibration_).dump());
  expect_refused(DriverKind::kEpoll, "another machine or kernel");
}

TEST_F(CalibrationFile, WhatIsNoneIsRefused) {
  expect_refused(DriverKind::kEpoll, "no calibration");
  for (const char* text : {"", "{", "[]", "{}", R"({"schema":"fanin-load"})", R"({"schema":7})"}) {
    write(text);
    expect_refused(DriverKind::kEpoll, "no calibration");
  }
}

// Would catch: a wait that ends before its time counted as a delay of 0, and counts that are not those asked for. How
// long the delays are is this machine's affair.
TEST(ClockTrials, MeasureAsOftenAsAsked) {
  EXPECT_GT(clock_cost_ns(), 0.0);
  EXPECT_EQ(wake_up_delays(WaitKind::kSleep, 3).count(), 3U);
  EXPECT_EQ(wake_up_delays(WaitKind::kSpin, 3).count(), 3U);
  EXPECT_GT(shortest_sleeps(3).min(), Nanoseconds(0));
}

}  // namespace
}  // namespace fanin
