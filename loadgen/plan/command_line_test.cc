// Refused command lines and their messages.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/options.h"
#include "loadgen/plan/parse_arguments.h"
#include "os/temporary_directory.h"

namespace fanin::load {
namespace {

// Would catch: "give a rate above 0" for a rate above 0; two ends of a reply called too few.
TEST(LoadOptions, WhatIsRefusedIsTrue) {
  EXPECT_EQ(refusal_of_arguments({"--rate", "999M"}),
            "--rate 999000000 is out of range: give requests per second, above 0 and at most 100000000");
  EXPECT_EQ(refusal_of_arguments({"--ramp", "1..999M"}),
            "--ramp 1..999M: '999M' is no rate from 0 to 100000000: give FROM..TO in requests per second, such as "
            "1000..5000");
  EXPECT_NE(
      refusal_of_arguments({"--protocol", "raw", "--request", "x", "--reply-bytes", "7", "--reply-delimiter", "x"})
          .find("contradict each other: give one"),
      std::string::npos);
  EXPECT_EQ(refusal_of_arguments({"--control", "999999999999"}),
            "--control 999999999999 is out of range: give 0 to 2147483647");
}

// Would catch: `--expect ''` taken for no --expect, so that every reply is right; an --expect with the delimiter in it,
// for which a run waits in vain.
TEST(LoadOptions, WhatARawReplyMustBeCanBe) {
  const auto with = [](std::vector<std::string> more) {
    const std::vector<std::string> raw{"--protocol", "raw", "--request", "x", "--reply-delimiter", "\\r\\n"};
    more.insert(more.begin(), raw.begin(), raw.end());
    return refusal_of_arguments(more);
  };
  EXPECT_EQ(with({"--expect", "+PONG\\r"}), "taken");
  EXPECT_EQ(with({"--expect", ""}), "--expect is empty: give at least one byte, or leave it out");
  EXPECT_EQ(with({"--expect", "+PONG\\r\\n"}),
            "--expect holds --reply-delimiter, at which a reply ends: leave the delimiter out of it");
  EXPECT_EQ(with({"--setup-request", "x", "--setup-reply-delimiter", ";", "--setup-expect", "a;b"}),
            "--setup-expect holds --setup-reply-delimiter, at which a reply ends: leave the delimiter out of it");
  for (const char* option : {"--reply-pattern", "--greeting-delimiter", "--greeting-pattern", "--setup-request",
                             "--setup-reply-delimiter", "--setup-reply-pattern", "--setup-expect"}) {
    EXPECT_EQ(with({option, ""}), std::string(option) + " is empty: give at least one byte, or leave it out");
  }
  EXPECT_NE(refusal_of_arguments({"--protocol", "http", "--expect-body", ""}), "taken");
  EXPECT_NE(refusal_of_arguments({"--protocol", "http", "--expect-body-pattern", ""}), "taken");
  EXPECT_EQ(refusal_of_arguments({"--protocol", "http", "--body", ""}), "taken");
}

// Each line is one way to get it wrong; would catch a run that starts with a default in place of what was asked.
TEST(LoadOptions, RefusesNonsense) {
  const std::vector<std::vector<std::string>> wrong{
      {"-c", "0"},
      {"-c", "-5"},
      {"-t", "0"},
      {"-c", "2", "-t", "3"},
      {"--rate", "0"},
      {"--rate", "-1"},
      {"--rate", "nan"},
      {"--rate", "1e99"},
      {"--arrival", "poisson"},
      {"--rate", "10", "--arrival", "gusts"},
      {"--rate", "10", "--arrival", "bursts"},
      {"--rate", "10", "--arrival", "bursts:0"},
      {"--rate", "10", "--arrival", "bursts:2x"},
      {"--arrival", "bursts:5"},
      {"--arrival", "trace:"},
      {"--arrival", "trace:/nonexistent"},
      {"--ramp", "10"},
      {"--ramp", "..10"},
      {"--ramp", "1..x"},
      {"--ramp", "-1..5"},
      {"--ramp", "0..0"},
      {"--ramp", "1..5", "--rate", "3"},
      {"--ramp", "1..5", "--requests", "3"},
      {"--ramp", "1..5", "--arrival", "bursts:3"},
      {"--ramp", "1..5", "--think-time", "1s"},
      {"--ramp", "1..5", "--warmup", "auto"},
      {"--warmup", "-1s"},
      {"--warmup", "long"},
      {"--rate", "10", "--think-time", "1s"},
      {"--duration", "0"},
      {"--duration", "-1s"},
      {"--duration", "10 parsecs"},
      {"--duration", "1s", "--requests", "5"},
      {"--requests", "0"},
      {"--timeout", "0"},
      {"--pipeline", "0"},
      {"--pipeline", "65536"},
      {"--pipeline", "2", "--driver", "threads"},
      {"--pipeline", "2", "--protocol", "greet"},
      {"--requests-per-connection", "2", "--protocol", "greet"},
      {"--payload-bytes", "0"},
      {"--payload-bytes", "5", "--payload", "hello"},
      {"--payload", ""},
      {"--protocol", "nonsense"},
      {"--protocol", "raw"},
      {"--protocol", "raw", "--request", "x"},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--reply-pattern", "z"},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--reply-limit-bytes", "9"},
      {"--protocol", "raw", "--request", "x", "--reply-pattern", "("},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--setup-request", "z"},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--setup-expect", "z"},
      {"--protocol", "raw", "--request", "x", "--reply-delimiter", "y", "--greeting-pattern", "("},
      {"--setup-request", "PING"},
      {"--greeting-delimiter", "!"},
      {"--protocol", "raw", "--reply-bytes", "1", "--mix", "1 request=x setup-request=z", "--mix", "1 request=y"},
      {"--request", "PING"},
      {"--suffix", "!"},
      {"--protocol", "http", "--payload", "x"},
      {"--protocol", "http", "--path", "no slash"},
      {"--protocol", "http", "--header", "no colon"},
      {"--protocol", "http", "--expect-status", "ok"},
      {"--protocol", "http", "--expect-body", "x", "--method", "HEAD"},
      {"--protocol", "http", "--expect-body-pattern", "("},
      {"--expect-body", "x"},
      {"--protocol", "http", "--body", "x", "--body-file", "y"},
      {"--protocol", "http", "--body-file", "/nonexistent"},
      {"--protocol", "http", "--body-file", "/"},
      {"--header", "A: b"},
      {"--payload-bytes", "many"},
      {"--protocol", "chat", "--payload-bytes", "16"},
      {"--protocol", "bulk", "--reply-bytes", "0"},
      {"--protocol", "raw", "--request", "\\q", "--reply-delimiter", "x"},
      {"--driver", "uring"},
      {"--driver", "threads", "-t", "2"},
      {"--close", "gently"},
      {"--timestamps", "--driver", "io-uring"},
      {"--timestamps", "--driver", "threads"},
      {"--timestamps", "--read-bytes-per-s", "1000"},
      {"--timestamps", "--send-bytes-per-s", "1000"},
      {"--idle-connections", "-1"},
      {"--server-pid", "0"},
      {"--seed", "-1"},
      {"--requests", "99999999999999999999"},
  };
  for (const auto& arguments : wrong) {
    std::string text;
    for (const std::string& argument : arguments) {
      text += argument + " ";
    }
    EXPECT_THROW(parse_arguments(arguments), std::invalid_argument) << text;
  }
}

TEST(LoadOptions, OtherMachinesNeedPermission) {
  LoadOptions options;
  options.target = "192.0.2.1:80";
  EXPECT_THROW(make_plan(options), std::invalid_argument);
  options.allow_remote = true;
  EXPECT_EQ(make_plan(options).target.text(), "192.0.2.1:80");
}

namespace fs = std::filesystem;

class OptionsFiles : public testing::Test {
 protected:
  OptionsFiles() {
    std::ofstream(path("input")) << "x";
    fs::create_symlink(path("input"), path("link"));
    options_.quiet = true;
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  // The message for `--json PATH`, or for `--live-json PATH`.
  std::string refusal(std::string LoadOptions::*output, const std::string& path) const {
    LoadOptions options = options_;
    options.*output = path;
    try {
      refuse_shared_files(options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "taken";
  }

  os::TemporaryDirectory folder_;
  LoadOptions options_;
};

// Would catch: an input file that the result replaces, also under another name.
TEST_F(OptionsFiles, WhatIsReadIsNotWritten) {
  const auto expect_refused = [this](const std::string& option) {
    for (const auto output : {&LoadOptions::json_path, &LoadOptions::live_json_path}) {
      for (const char* name : {"input", "link"}) {
        const std::string said = (output == &LoadOptions::json_path ? "--json " : "--live-json ") + path(name) +
                                 " and " + option + " " + path("input") + " are one file: give each its own";
        EXPECT_EQ(refusal(output, path(name)), said);
      }
      EXPECT_EQ(refusal(output, path("output")), "taken");
    }
  };
  const LoadOptions none = options_;
  options_.body_files[path("input")] = nullptr;
  expect_refused("--body-file");
  options_ = none;
  std::istringstream times("0\n1\n");
  options_.trace = std::make_shared<const os::ArrivalTrace>(os::ArrivalTrace::read(times, path("input")));
  expect_refused("--arrival trace");
  options_ = none;
  options_.calibration = os::InputFile{.path = path("input"), .content = "x"};
  expect_refused("--calibration");
}

}  // namespace
}  // namespace fanin::load
