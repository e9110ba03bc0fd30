#include "harness/selftest/selftest_file.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/ab/false_alarms.h"
#include "os/files.h"
#include "os/temporary_directory.h"

namespace fanin::harness {
namespace {

constexpr const char* kPublishedSessions = FANIN_SUITES "/../../results/selftest/selftest.json";

Json make_fingerprint(const std::string& cpu, const Json& commit) {
  return {{"cpu", {{"model", cpu}}}, {"kernel", {{"release", "6.1"}}}, {"build", {{"git_commit", commit}}}};
}

// The bug: sessions of two machines were published as those of the last one.
TEST(SelftestFile, EachSessionHasItsMachineAndCommit) {
  SelftestFile file;
  file.add_session({{"model", "epoll"}}, make_fingerprint("One", "abc"));
  file.add_session({{"model", "epoll"}}, make_fingerprint("Other", nullptr));
  EXPECT_EQ(file.sessions[0], (Json{{"model", "epoll"}, {"machine", "One, Linux 6.1"}, {"commit", "abc"}}));
  EXPECT_EQ(file.sessions[1], (Json{{"model", "epoll"}, {"machine", "Other, Linux 6.1"}, {"commit", nullptr}}));
}

TEST(SelftestFile, MachinesAreListedOnceAndTheFileIsReadBack) {
  const os::TemporaryDirectory scratch;
  const std::string copy = scratch.path() + "/copy.json";
  SelftestFile merged = SelftestFile::load(kPublishedSessions);
  const std::size_t count = merged.sessions.size();
  merged.add_sessions(SelftestFile::load(kPublishedSessions));
  EXPECT_EQ(merged.sessions.size(), count);
  merged.write(copy);
  EXPECT_EQ(load_json(copy), load_json(kPublishedSessions));
  EXPECT_EQ(load_json(copy)["machines"].size(), 2U);
}

// Would catch: a rate that looks as if it came from this machine alone, or a machine that is named as another.
TEST(SelftestFile, AFalseAlarmRateNamesAllMachines) {
  const os::TemporaryDirectory scratch;
  const std::string path = scratch.path() + "/selftest.json";
  SelftestFile file;
  for (const char* cpu : {"One", "Other", "One"}) {
    file.add_session({{"scenario", "s"}, {"model", "epoll"}, {"ratio", nullptr}, {"control_alarm", false}},
                     make_fingerprint(cpu, "abc"));
  }
  file.write(path);
  const std::string measured =
      "0 of 3 A/A comparisons of fanin selftest (at most 63 % at 95 %), on One, Linux 6.1 and Other, Linux 6.1";
  EXPECT_EQ(describe_false_alarms(path, make_fingerprint("Other", nullptr)), measured);
  EXPECT_EQ(describe_false_alarms(path, make_fingerprint("Third", nullptr)), measured + "; this is Third, Linux 6.1");
}

// The bug: "[json.exception.type_error.302] type must be string, but is number", without the file's name.
TEST(SelftestFile, AFileOfAnotherKindIsNamed) {
  const os::TemporaryDirectory scratch;
  const std::string path = scratch.path() + "/x.json";
  for (const char* text :
       {"5", R"({"schema":5})", R"({"schema":"fanin-selftest"})", R"({"schema":"fanin-selftest","schema_version":"2"})",
        R"({"schema":"fanin-selftest","schema_version":1})",
        R"({"schema":"fanin-selftest","schema_version":2,"sessions":5})"}) {
    os::write_file_atomically(path, text);
    try {
      SelftestFile::load(path);
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()).rfind(path + ": ", 0), 0U) << error.what();
    }
  }
}

}  // namespace
}  // namespace fanin::harness
