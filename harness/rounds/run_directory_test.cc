#include "harness/rounds/run_directory.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include "os/procfs.h"

namespace fanin::harness {
namespace {

// The bug: a run in results/smoke-20261129T060000Z whose run.json said smoke-20261129T060004Z.
TEST(RunId, IsTheNameOfItsDirectoryIfThatIsOne) {
  constexpr std::time_t kNow = 1'795'935'600;  // 2026-11-29T07:00:00Z
  const std::string at_seven = "smoke-20261129T070000Z";
  EXPECT_EQ(choose_run_id("smoke", "results/smoke-20261129T060000Z", kNow), "smoke-20261129T060000Z");
  EXPECT_EQ(choose_run_id("smoke", "results/smoke-20261129T060000Z/", kNow), "smoke-20261129T060000Z");
  for (const char* other : {"", "new", "results/smoke-before", "gate-20261129T060000Z", "smoke-20261129T060000Z-2"}) {
    EXPECT_EQ(choose_run_id("smoke", other, kNow), at_seven) << other;
  }
}

class RunLockTest : public testing::Test {
 protected:
  RunLockTest() { std::filesystem::create_directories(folder_); }
  ~RunLockTest() override { std::filesystem::remove_all(folder_); }

  std::string complaint() const {
    try {
      const RunLock lock(folder_);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "taken";
  }

  std::string folder_ = std::filesystem::temp_directory_path() / ("fanin-lock-" + std::to_string(::getpid()));
};

// The bug: two runs, or a run and its --resume, measured into one directory at once, each round twice.
TEST_F(RunLockTest, IsHeldByOneAtATime) {
  {
    const RunLock first(folder_);
    const std::string expected =
        fmt::format("{}: a run is under way in it (pid {}): wait for its end", folder_, ::getpid());
    EXPECT_EQ(complaint(), expected);
    EXPECT_EQ(complaint(), expected);  // nor has the one that was refused taken the file away
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/run.lock"));
  }
  EXPECT_EQ(complaint(), "taken");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/run.lock"));
}

// Would catch: a harness that was killed and whose run can never be resumed.
TEST_F(RunLockTest, IsNotHeldByAFileThatACrashLeft) {
  std::ofstream(folder_ + "/run.lock") << "4711\n";
  EXPECT_EQ(complaint(), "taken");
}

TEST_F(RunLockTest, MovesWithItsOwner) {
  RunLock first(folder_);
  const RunLock second = std::move(first);
  EXPECT_NE(complaint(), "taken");
}

TEST(RunLock, NamesAFolderThatCannotBeWritten) { EXPECT_THROW(RunLock("/proc"), std::system_error); }

using ::testing::HasSubstr;

Json round_of(const char* cell, int block) {
  return {{"cell", std::string("e/") + cell + "/1"},
          {"block", block},
          {"order", 0},
          {"started_at", "2026-11-20T19:00:00.000Z"},
          {"status", "failed"},
          {"reason", "no server"},
          {"load", nullptr},
          {"server", nullptr},
          {"machine", nullptr}};
}

std::vector<Json> recover(const std::string& path) {
  return RoundsLog::recover(path, [](const JsonReader&) {});
}

class RoundsLogTest : public testing::Test {
 protected:
  RoundsLogTest() { std::filesystem::create_directories(folder_); }
  ~RoundsLogTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/rounds.jsonl"; }
  void add_text(const std::string& text) const { std::ofstream(path(), std::ios::app) << text; }

  std::string folder_ = std::filesystem::temp_directory_path() / ("fanin-rounds-" + std::to_string(::getpid()));
};

TEST_F(RoundsLogTest, GivesBackWhatWasAppended) {
  {
    RoundsLog log(path());
    log.append({round_of("a", 0)});
    log.append({round_of("b", 0)});
  }
  RoundsLog(path()).append({round_of("a", 1)});
  const std::vector<Json> rounds = recover(path());
  ASSERT_EQ(rounds.size(), 3U);
  EXPECT_EQ(rounds[2], round_of("a", 1));
}

// Would catch: a crash in the middle of a line that costs the whole run, or that glues the next round to the torn one.
TEST_F(RoundsLogTest, DropsATornLastLine) {
  RoundsLog(path()).append({round_of("a", 0)});
  add_text("{\"cell\":\"b\",\"blo");
  EXPECT_EQ(recover(path()).size(), 1U);
  RoundsLog(path()).append({round_of("c", 0)});
  const std::vector<Json> rounds = recover(path());
  ASSERT_EQ(rounds.size(), 2U);
  EXPECT_EQ(rounds[1].at("cell"), "e/c/1");
}

// Would catch: a unit that a crash has cut in half, whose rounds would be compared with those of another run of it.
TEST_F(RoundsLogTest, DropsTheRoundsOfAUnitThatIsNotComplete) {
  const auto of_unit = [](const char* server, int block) {
    Json round = round_of(server, block);
    round["interleaved"] = 2;
    round["order"] = 0;
    return round;
  };
  RoundsLog(path()).append({of_unit("a", 0), of_unit("b", 0)});
  EXPECT_EQ(recover(path()).size(), 2U);
  RoundsLog(path()).append({of_unit("a", 1)});
  EXPECT_EQ(recover(path()).size(), 2U);
  RoundsLog(path()).append({of_unit("a", 1), of_unit("b", 1)});
  EXPECT_EQ(recover(path()).size(), 4U);
}

// The bug: a broken line in the middle ended every --resume without a word on what to do, and one that was edited (a
// block of -1) was taken for a round, or gave the text of a library's exception.
TEST_F(RoundsLogTest, NamesALineThatIsNoRoundAndWhatToDo) {
  const auto complaint = [&](const std::string& line) {
    std::filesystem::remove(path());
    RoundsLog(path()).append({round_of("a", 0)});
    add_text(line + "\n" + to_text(round_of("c", 0)) + "\n");
    try {
      recover(path());
    } catch (const std::invalid_argument& error) {
      return std::string(error.what()).substr(path().size());
    }
    return std::string("accepted");
  };
  const auto edited = [](const char* key, const Json& value) {
    Json round = round_of("b", 0);
    round[key] = value;
    return to_text(round);
  };
  const std::string what_to_do = ": take the line out of the file, and its round is measured again";
  EXPECT_EQ(complaint(edited("block", 1)), "accepted");
  EXPECT_EQ(complaint("{\"cell\":"), ": line 2, column 9: not JSON" + what_to_do);
  EXPECT_EQ(complaint(edited("block", -1)), ": line 2: /block: -1 should be at least 0" + what_to_do);
  EXPECT_EQ(
      complaint(edited("status", "fine")),
      ": line 2: /status: \"fine\" should be one of [\"ok\",\"failed\",\"unsupported\",\"invalid\"]" + what_to_do);
  EXPECT_EQ(complaint(edited("cell", "e/a/1")), ": line 2: repeats the round of line 1" + what_to_do);
  EXPECT_EQ(complaint(std::string(60'000, '[')),
            ": line 2: is nested more than 100 deep: no file of fanin is" + what_to_do);
}

TEST_F(RoundsLogTest, HasNoRoundsBeforeTheFirst) { EXPECT_TRUE(recover(path()).empty()); }

// The bugs: rounds were written into a file that had been removed, and then reported as kept; so were rounds of a
// directory that had been moved and was about to be removed.
TEST_F(RoundsLogTest, NoticesThatItsFileWasMovedOrRemoved) {
  RoundsLog log(path());
  log.append({round_of("a", 0)});
  EXPECT_FALSE(log.is_gone());
  const std::filesystem::path moved = folder_ + ".moved";
  std::filesystem::rename(folder_, moved);
  EXPECT_TRUE(log.is_gone());
  std::filesystem::create_directory(folder_);
  RoundsLog(path()).append({round_of("a", 0)});
  EXPECT_TRUE(log.is_gone());
  std::filesystem::remove_all(moved);
  EXPECT_TRUE(log.is_gone());
  EXPECT_THROW(log.append({round_of("a", 1)}), std::system_error);
}

// Would catch: a full disk that passes unnoticed, so that a run seems to be kept and is not.
TEST(RoundsLog, SaysWhenTheDiskIsFull) {
  RoundsLog log("/dev/full");
  try {
    log.append({round_of("a", 0)});
    FAIL() << "accepted";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOSPC);
    EXPECT_THAT(error.what(), HasSubstr("/dev/full"));
  }
}

TEST(RoundsLog, NamesAnUnwritableFolder) { EXPECT_THROW(RoundsLog("/proc/rounds.jsonl"), std::system_error); }

// Would catch: a server whose last words are no UTF-8 and take the whole run down when it is written.
TEST(RoundsLog, WritesLastWordsOfAnyBytes) { EXPECT_EQ(to_text(Json("\xff!")), "\"\xEF\xBF\xBD!\""); }

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::StartsWith;

Suite suite_with(const std::string& workload) {
  return parse_suite(Json::parse(R"({"schema":"fanin-suite","schema_version":2,"name":"n","repetitions":1,
      "servers":[{"name":"s","model":"epoll"}],"experiments":[{"name":"e","servers":["s"],"workload":)" +
                                 workload + R"(,"sweep":{"parameter":"connections","values":[1]}}]})"),
                     "s.json");
}

class SuiteFilesTest : public testing::Test {
 protected:
  SuiteFilesTest() { fs::create_directories(folder_); }
  ~SuiteFilesTest() override { fs::remove_all(folder_); }

  // What is said of a file with this content that the workload names, without the experiment and the folder.
  std::string complaint(const std::string& workload, const std::string& content) const {
    std::ofstream(folder_ / "f") << content;
    try {
      check_suite_files(suite_with(workload), folder_);
    } catch (const std::invalid_argument& error) {
      std::string text = error.what();
      const std::string folder = folder_.string() + "/";
      if (const auto at = text.find(folder); at != std::string::npos) {
        text.erase(at, folder.size());
      }
      return text;
    }
    return "taken";
  }

  fs::path folder_ = fs::temp_directory_path() / ("fanin-suite-files-" + std::to_string(::getpid()));
};

constexpr const char* kTrace = R"({"protocol":"echo","arrival":"trace","trace":"f"})";

// The bug: such a trace was found when its round ran, and the cell was said to have failed.
TEST_F(SuiteFilesTest, ATraceIsReadBeforeAnythingRuns) {
  EXPECT_EQ(complaint(kTrace, "0\n0.01\n0.02\n"), "taken");
  EXPECT_EQ(complaint(kTrace, ""), "experiment 'e': trace f: it is empty: name a file with something in it");
  EXPECT_EQ(complaint(kTrace, "0\nnonsense\n"),
            "experiment 'e': f:2: 'nonsense' is no time: give seconds such as 0.125, or a unit, as in 125ms");
  EXPECT_EQ(complaint(kTrace, "0\n2\n1\n"),
            "experiment 'e': f:3: 1 is earlier than the time before it: sort the times");
  EXPECT_EQ(complaint(kTrace, "5\n"), "experiment 'e': f: a trace needs two different times: give one time per line");
  EXPECT_THAT(complaint(kTrace, "0\n1ns\n"), EndsWith("requests/s, which is above 100000000: give 'rate'"));
  EXPECT_EQ(complaint(R"({"protocol":"echo","arrival":"trace","trace":"f","rate":5})", "0\n1ns\n"), "taken");
}

// The generator reads body files likewise: an empty one, which it refuses, was found when the round ran.
TEST_F(SuiteFilesTest, ABodyFileIsReadBeforeAnythingRuns) {
  constexpr const char* kBody = R"({"protocol":"http","method":"POST","body_file":"f"})";
  EXPECT_EQ(complaint(kBody, "b"), "taken");
  EXPECT_THAT(complaint(kBody, ""), StartsWith("experiment 'e': body_file f: it is empty"));
}

}  // namespace

}  // namespace fanin::harness
