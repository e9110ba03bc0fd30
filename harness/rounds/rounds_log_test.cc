#include "harness/rounds/rounds_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "harness/machine/procfs.h"

namespace fanin {
namespace {

using ::testing::HasSubstr;

Json round_of(const char* cell, int block) { return {{"cell", cell}, {"block", block}, {"status", "ok"}}; }

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
  const std::vector<Json> rounds = RoundsLog::recover(path());
  ASSERT_EQ(rounds.size(), 3U);
  EXPECT_EQ(rounds[2], round_of("a", 1));
}

// Would catch: a crash in the middle of a line that costs the whole run, or that glues the next round to the torn one.
TEST_F(RoundsLogTest, DropsATornLastLine) {
  RoundsLog(path()).append(round_of("a", 0));
  add_text("{\"cell\":\"b\",\"blo");
  EXPECT_EQ(RoundsLog::recover(path()).size(), 1U);
  RoundsLog(path()).append(round_of("c", 0));
  const std::vector<Json> rounds = RoundsLog::recover(path());
  ASSERT_EQ(rounds.size(), 2U);
  EXPECT_EQ(rounds[1].at("cell"), "c");
}

TEST_F(RoundsLogTest, NamesALineThatIsNoRound) {
  RoundsLog(path()).append(round_of("a", 0));
  add_text("{\"cell\":7}\n");
  try {
    RoundsLog::recover(path());
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("rounds.jsonl: line 2: is no round"));
  }
}

TEST_F(RoundsLogTest, HasNoRoundsBeforeTheFirst) { EXPECT_TRUE(RoundsLog::recover(path()).empty()); }

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

TEST(RoundsLog, NamesAnUnwritableFolder) {
  EXPECT_THROW(RoundsLog("/proc/rounds.jsonl"), std::system_error);
  EXPECT_THROW(write_file_atomically("/proc/run.json", "{}"), std::system_error);
}

TEST_F(RoundsLogTest, ReplacesAFileAsAWhole) {
  write_file_atomically(path(), "first");
  write_file_atomically(path(), "second");
  EXPECT_EQ(read_file(path()), "second");
  const std::filesystem::directory_iterator files(folder_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

// The bug: the temporary file had the name run.json.partial, which a second writer shared and a body file could have.
TEST_F(RoundsLogTest, LeavesOtherFilesAlone) {
  write_file_atomically(path() + ".partial", "a body");
  write_file_atomically(path(), "first");
  EXPECT_EQ(read_file(path() + ".partial"), "a body");
}

// Would catch: a server whose last words are no UTF-8 and take the whole run down when it is written.
TEST(RoundsLog, WritesLastWordsOfAnyBytes) { EXPECT_EQ(to_text(Json("\xff!")), "\"\xEF\xBF\xBD!\""); }

}  // namespace
}  // namespace fanin
