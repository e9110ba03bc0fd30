#include "harness/rounds/rounds_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "os/procfs.h"

namespace fanin::harness {
namespace {

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
    log.append(round_of("a", 0));
    log.append(round_of("b", 0));
  }
  RoundsLog(path()).append(round_of("a", 1));
  const std::vector<Json> rounds = recover(path());
  ASSERT_EQ(rounds.size(), 3U);
  EXPECT_EQ(rounds[2], round_of("a", 1));
}

// Would catch: a crash in the middle of a line that costs the whole run, or that glues the next round to the torn one.
TEST_F(RoundsLogTest, DropsATornLastLine) {
  RoundsLog(path()).append(round_of("a", 0));
  add_text("{\"cell\":\"b\",\"blo");
  EXPECT_EQ(recover(path()).size(), 1U);
  RoundsLog(path()).append(round_of("c", 0));
  const std::vector<Json> rounds = recover(path());
  ASSERT_EQ(rounds.size(), 2U);
  EXPECT_EQ(rounds[1].at("cell"), "e/c/1");
}

// The bug: a broken line in the middle ended every --resume without a word on what to do, and one that was edited (a
// block of -1) was taken for a round, or gave the text of a library's exception.
TEST_F(RoundsLogTest, NamesALineThatIsNoRoundAndWhatToDo) {
  const auto complaint = [&](const std::string& line) {
    std::filesystem::remove(path());
    RoundsLog(path()).append(round_of("a", 0));
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
  EXPECT_EQ(complaint(edited("cell", "e/a/1")), ": line 2: /: repeats the round of line 1" + what_to_do);
  EXPECT_EQ(complaint(std::string(60'000, '[')),
            ": line 2: is nested more than 100 deep: no file of fanin is" + what_to_do);
}

TEST_F(RoundsLogTest, HasNoRoundsBeforeTheFirst) { EXPECT_TRUE(recover(path()).empty()); }

// The bug: rounds were written into a file that had been removed, and then reported as kept.
TEST_F(RoundsLogTest, NoticesThatItsFileWasRemoved) {
  RoundsLog log(path());
  log.append(round_of("a", 0));
  EXPECT_FALSE(log.is_removed());
  std::filesystem::remove_all(folder_);
  EXPECT_TRUE(log.is_removed());
  EXPECT_THROW(log.append(round_of("a", 1)), std::system_error);
}

// Would catch: a full disk that passes unnoticed, so that a run seems to be kept and is not.
TEST(RoundsLog, SaysWhenTheDiskIsFull) {
  RoundsLog log("/dev/full");
  try {
    log.append(round_of("a", 0));
    FAIL() << "accepted";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOSPC);
    EXPECT_THAT(error.what(), HasSubstr("/dev/full"));
  }
}

TEST(RoundsLog, NamesAnUnwritableFolder) { EXPECT_THROW(RoundsLog("/proc/rounds.jsonl"), std::system_error); }

// Would catch: a server whose last words are no UTF-8 and take the whole run down when it is written.
TEST(RoundsLog, WritesLastWordsOfAnyBytes) { EXPECT_EQ(to_text(Json("\xff!")), "\"\xEF\xBF\xBD!\""); }

}  // namespace
}  // namespace fanin::harness
