#include "harness/rounds/programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/rounds/requirements.h"
#include "harness/rounds/round.h"

namespace fanin::harness {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class ProgramsTest : public ::testing::Test {
 protected:
  ProgramsTest() : root_(fs::temp_directory_path() / ("fanin-programs-" + std::to_string(::getpid()))) {
    fs::create_directories(root_);
  }
  ~ProgramsTest() override { fs::remove_all(root_); }

  fs::path root_;
};

// Would catch: an installed fanin that looks for suites and plots in a source tree.
TEST_F(ProgramsTest, DataIsBesideTheProgramOrInItsPrefix) {
  Programs programs;
  programs.self = root_ / "bin" / "fanin";
  EXPECT_THAT([&] { programs.data(); }, ThrowsMessage<std::invalid_argument>(HasSubstr((root_ / "bin").string())));
  fs::create_directories(root_ / "share" / "fanin" / "suites");
  EXPECT_EQ(programs.data(), root_ / "share" / "fanin");
  fs::create_directories(root_ / "bin" / "share" / "fanin" / "suites");
  EXPECT_EQ(programs.data(), root_ / "bin" / "share" / "fanin");
}

using ::testing::HasSubstr;

Catalogue small_catalogue() {
  return Catalogue::parse(Json::parse(R"({"schema_version":1,"models":[
    {"name":"select","summary":"s","kind":"model","supported":true,"reason":null,"protocols":["echo"],"max_descriptor":1023},
    {"name":"epoll","summary":"s","kind":"model","supported":true,"reason":null,"protocols":["echo"],"max_descriptor":null},
    {"name":"prefork","summary":"s","kind":"model","supported":true,"reason":null,"protocols":["echo"],"concurrency":10},
    {"name":"io-uring","summary":"s","kind":"model","supported":false,"reason":"io_uring is disabled","protocols":["echo"],
     "max_descriptor":null}],"protocols":[]})"),
                          "list");
}

std::string find_reason(const std::string& model, const std::string& workload,
                        const MachineLimits& limits = {.descriptors_hard = 20'000}, const std::string& args = "[]") {
  const Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"servers":[{"name":"s","model":")" +
      model + R"(","args":)" + args + R"(}],"experiments":[{"name":"x","servers":["s"],"workload":)" + workload +
      R"(,"sweep":{"parameter":"pipeline","values":[1]}}]})");
  const Suite suite = parse_suite(document, "s.json");
  return unsupported_reason(make_cells(suite).front(), suite.servers.front(), small_catalogue(), limits);
}

TEST(Unsupported, NothingWhereItWorks) {
  EXPECT_EQ(find_reason("epoll", R"({"protocol":"echo","connections":10,"idle_connections":10000})"), "");
  EXPECT_EQ(find_reason("select", R"({"protocol":"echo","connections":1000})"), "");
}

// Would catch: a limit that shows only as failed rounds, or as connections that are silently missing.
TEST(Unsupported, SaysWhyBeforehand) {
  EXPECT_EQ(find_reason("select", R"({"protocol":"echo","connections":10,"idle_connections":1000})"),
            "1010 connections need descriptors beyond 1023, the highest that select can watch");
  EXPECT_EQ(find_reason("io-uring", R"({"protocol":"echo"})"), "io_uring is disabled");
  EXPECT_EQ(find_reason("epoll", R"({"protocol":"http"})"), "model epoll does not serve protocol http");
  EXPECT_THAT(find_reason("epoll", R"({"protocol":"echo","connections":20000})"), HasSubstr("the 20000 descriptors"));
}

// Would catch: a server that scales out refused for the limit of one process, or let through where the machine as a
// whole has no room, to fail after a minute of connecting.
TEST(Unsupported, AsksTheDoctorAboutServersThatScaleOut) {
  const std::string args = R"(["--processes","{processes}"])";
  const std::string workload = R"({"protocol":"echo","connections":100,"idle_connections":100000})";
  EXPECT_EQ(find_reason("epoll", workload, {.descriptors_hard = 20'000}, args), "");
  EXPECT_EQ(find_reason("epoll", workload, {.descriptors_hard = 20'000, .file_max = 204'295}, args),
            "no room for 100100 connections: fs.file-max is 204295, 204296 needed (fanin doctor --connections 100100)");
}

// Would catch: connections that wait in the kernel's queue, measured as if the server held them at no cost.
TEST(Unsupported, IdleConnectionsThatNobodyAccepts) {
  EXPECT_EQ(find_reason("prefork", R"({"protocol":"echo","connections":1,"idle_connections":9})"), "");
  EXPECT_EQ(find_reason("prefork", R"({"protocol":"echo","connections":1,"idle_connections":100})"),
            "prefork serves 10 connections at a time, and of 101 the others would only wait to be accepted");
  EXPECT_EQ(find_reason("prefork", R"({"protocol":"echo","connections":500})"),
            "");  // they take turns, that is a result
}

std::string find_missing(const std::string& program, Requirement::Kind kind, const std::string& name) {
  ServerSpec server{.name = "s", .model = {}, .args = {}, .command = {program, "{port}"}};
  server.requirements = {{kind, name, "install the-package"}};
  return find_missing_requirement(server);
}

// Would catch: a server that is not installed reported as one that fails.
TEST(Requirements, NamesWhatIsMissingAndThePackage) {
  using Kind = Requirement::Kind;
  EXPECT_EQ(find_missing("sh", Kind::kProgram, "sh"), "");
  EXPECT_EQ(find_missing("sh", Kind::kProgram, "/bin/sh"), "");
  EXPECT_EQ(find_missing("sh", Kind::kProgram, "no-such-program"),
            "needs the program no-such-program: install the-package");
  EXPECT_EQ(find_missing("sh", Kind::kProgram, "/bin"), "needs the program /bin: install the-package");
  EXPECT_EQ(find_missing("sh", Kind::kFile, "/etc/passwd"), "");
  EXPECT_EQ(find_missing("sh", Kind::kFile, "/no/file"), "needs the file /no/file: install the-package");
  EXPECT_EQ(find_missing("python3", Kind::kModule, "json"), "");
  EXPECT_EQ(find_missing("python3", Kind::kModule, "no_such_module"),
            "needs the Python module no_such_module: install the-package");
  EXPECT_EQ(find_missing("python3", Kind::kModule, "no_such.module"),
            "needs the Python module no_such.module: install the-package");
  EXPECT_EQ(find_missing("/no/python", Kind::kModule, "json"), "needs the Python module json: install the-package");
}

TEST(Catalogue, RefusesASuiteWithAnUnknownModel) {
  const Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"servers":[{"name":"s","model":"epol"}],
          "experiments":[{"name":"x","servers":["s"],"workload":{"protocol":"echo"},
                          "sweep":{"parameter":"pipeline","values":[1]}}]})");
  try {
    check_models(parse_suite(document, "s.json"), "s.json", small_catalogue());
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "s.json: /servers/0/model: there is no model 'epol': did you mean epoll?");
  }
}

// The bug: `fanin run` started fanin-load again for a workload that it had accepted in another experiment.
TEST_F(ProgramsTest, TheGeneratorChecksEqualWorkloadsOnce) {
  const fs::path program = root_ / "load";
  std::ofstream(program) << "#!/bin/sh\necho \"$@\" >>'" << (root_ / "starts").string() << "'\n";
  fs::permissions(program, fs::perms::owner_all);
  const std::string experiment = R"("servers":["s"],"workload":{"protocol":"echo"},
                                    "sweep":{"parameter":"connections","values":[10,1]}})";
  const Json document = Json::parse(
      R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":1,"servers":[{"name":"s","model":"epoll"}],
          "experiments":[{"name":"x",)" +
      experiment + R"(,{"name":"y",)" + experiment + "]}");
  Programs programs;
  programs.load = program;
  check_load_arguments(parse_suite(document, "s.json"), "s.json", programs, root_);
  std::ifstream starts(root_ / "starts");
  std::vector<std::string> lines;
  for (std::string line; std::getline(starts, line);) {
    lines.push_back(line);
  }
  EXPECT_THAT(lines, ElementsAre(HasSubstr("--connections 10 "), HasSubstr("--connections 1 ")));
}

Json report_of(const std::string& cases) {
  return Json::parse(R"({"testsuites":[{"name":"Gate","testsuite":[)" + cases + "]}]}");
}

TEST(Conformance, ReadsTheReport) {
  const std::string good = R"({"name":"a","status":"RUN","result":"COMPLETED"})";
  const std::string bad = R"({"name":"b","status":"RUN","result":"COMPLETED","failures":[{"failure":"x"}]})";
  const std::string skipped = R"({"name":"c","status":"RUN","result":"SKIPPED"})";
  EXPECT_EQ(parse_conformance_report(report_of(good + "," + skipped))["status"], "passed");
  EXPECT_EQ(parse_conformance_report(report_of(good + "," + skipped))["cases"], 1);
  EXPECT_EQ(parse_conformance_report(report_of(good + "," + bad))["status"], "failed");
  EXPECT_EQ(parse_conformance_report(report_of(good + "," + bad))["reason"],
            "1 of 2 conformance cases failed, the first is b");
  EXPECT_EQ(parse_conformance_report(report_of(skipped))["status"], "skipped");
  EXPECT_EQ(parse_conformance_report(report_of(""))["status"], "skipped");
}

}  // namespace

}  // namespace fanin::harness
