#include "loadgen/experiments/calibration.h"

#include <gtest/gtest.h>

#include <functional>

namespace fanin::load {
namespace {

class CalibrationFile : public ::testing::Test {
 protected:
  CalibrationFile() {
    describe_machine(calibration_);
    calibration_.ceilings.resize(2);
    calibration_.ceilings[0].driver = DriverKind::kEpoll;
    calibration_.ceilings[0].measured_per_s = 1000.0;
    calibration_.ceilings[0].generator_utilisation = 0.95;
    calibration_.ceilings[1].driver = DriverKind::kUring;
    calibration_.ceilings[1].reason = "not here";
  }

  void write(const std::string& text) { file_.content = text; }
  void expect_refused(DriverKind driver, const std::string& part) const {
    try {
      read_ceiling(file_, driver);
      ADD_FAILURE() << "taken, though " << part;
    } catch (const std::invalid_argument& refused) {
      EXPECT_NE(std::string(refused.what()).find(part), std::string::npos) << refused.what();
    }
  }

  os::InputFile file_{.path = "calibration.json", .content = ""};
  Calibration calibration_;
};

TEST_F(CalibrationFile, GivesTheCeilingOfADriver) {
  write(calibration_json(calibration_).dump());
  EXPECT_EQ(read_ceiling(file_, DriverKind::kEpoll).per_s, 1000.0);
  expect_refused(DriverKind::kUring, "no ceiling of the driver io-uring");
  expect_refused(DriverKind::kThreads, "no ceiling of the driver threads");
}

// Would catch: a generator that used 42 % of a CPU, since its server was the slower one, whose throughput then marks
// results as near it.
TEST_F(CalibrationFile, ACeilingIsReachedByASaturatedGeneratorOnly) {
  calibration_.ceilings[0].generator_utilisation = 0.42;
  const auto json = calibration_json(calibration_);
  EXPECT_TRUE(json["ceilings"][0]["requests_per_s"].is_null());
  EXPECT_EQ(json["ceilings"][0]["measured_per_s"], 1000.0);
  write(json.dump());
  const CeilingRead ceiling = read_ceiling(file_, DriverKind::kEpoll);
  EXPECT_EQ(ceiling.per_s, std::nullopt);
  EXPECT_NE(ceiling.reason.find("42 %"), std::string::npos) << ceiling.reason;
}

// Would catch: a file of an earlier version, read by keys that it does not have.
TEST_F(CalibrationFile, OfAnotherVersionIsRefused) {
  auto json = calibration_json(calibration_);
  json["schema_version"] = 1;
  write(json.dump());
  expect_refused(DriverKind::kEpoll, "written by another version of fanin-load");
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

// Would catch: SIGSEGV at 60,000 brackets, and "[json.exception.type_error.302]" at values of another type.
TEST_F(CalibrationFile, WhatAnotherProgramWroteIsRefused) {
  const std::size_t depth = 60'000;
  write("{\"schema\":" + std::string(depth, '[') + std::string(depth, ']') + "}");
  expect_refused(DriverKind::kEpoll, "no calibration");
  nlohmann::ordered_json json = calibration_json(calibration_);
  json["kernel"] = nlohmann::ordered_json::array({1});
  write(json.dump());
  expect_refused(DriverKind::kEpoll, "another machine or kernel");
  for (const char* ceilings : {"7", "[7]", R"([{"driver":7,"requests_per_s":5}])", R"([{"driver":"epoll"}])"}) {
    json = calibration_json(calibration_);
    json["ceilings"] = nlohmann::ordered_json::parse(ceilings);
    write(json.dump());
    expect_refused(DriverKind::kEpoll, "no ceiling of the driver epoll");
  }
}

// The bug: a ceiling of 1e-300 marked every result as near it; negative figures were taken as well.
TEST_F(CalibrationFile, FiguresThatNoRunMeasuresAreRefused) {
  const nlohmann::ordered_json sound = calibration_json(calibration_);
  for (const double rate : {1e-300, -5.0, 0.0, 1e300}) {
    for (const char* key : {"requests_per_s", "measured_per_s"}) {
      nlohmann::ordered_json json = sound;
      json["ceilings"][0][key] = rate;
      write(json.dump());
      expect_refused(DriverKind::kEpoll, "calibration.json: no run measures its figures: write a new one");
    }
  }
  for (const char* place : {"/clock_ns", "/ceilings/1/generator_utilisation", "/delay_asleep/count"}) {
    nlohmann::ordered_json json = sound;
    json[nlohmann::ordered_json::json_pointer(place)] = -1;
    write(json.dump());
    expect_refused(DriverKind::kEpoll, "no run measures its figures");
  }
}

// Would catch: a wait that ends early counted as a delay of 0, and another number of trials than given. The delays
// depend on the machine.
TEST(ClockTrials, MeasureTheGivenNumberOfTimes) {
  EXPECT_GT(clock_cost_ns(), 0.0);
  EXPECT_EQ(wake_up_delays(IdleStrategy::kSleep, 3).count(), 3U);
  EXPECT_EQ(wake_up_delays(IdleStrategy::kSpin, 3).count(), 3U);
  EXPECT_GT(shortest_sleeps(3).min(), Nanoseconds(0));
}

}  // namespace
}  // namespace fanin::load
