#include "harness/suite/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;

const std::vector<std::string> kIds = {"x/a/1", "x/a/100", "x/b/1", "x/b/100", "x/b/100/aa", "y/a/0.5"};

std::vector<std::string> selected(const Globs& globs) {
  std::vector<std::string> ids;
  for (const std::size_t index : select_ids(globs, kIds, "cell of suite t")) {
    ids.push_back(kIds[index]);
  }
  return ids;
}

// The bug: --only x/a/10 also took x/a/100 and the A/A control, whose ids contain it.
TEST(Selection, TakesIdsAndGlobs) {
  EXPECT_EQ(selected({}), kIds);
  EXPECT_THAT(selected({"x/b/100"}), ElementsAre("x/b/100"));
  EXPECT_THAT(selected({"x/*/1"}), ElementsAre("x/a/1", "x/b/1"));
  EXPECT_THAT(selected({"*/b/*"}), ElementsAre("x/b/1", "x/b/100", "x/b/100/aa"));
  EXPECT_THAT(selected({"x/[ab]/10?"}), ElementsAre("x/a/100", "x/b/100"));
  for (const char* part : {"b/100", "x/b/10", "x", ""}) {
    EXPECT_THROW(selected({part}), std::invalid_argument) << part;
  }
}

// The bug: the second --only was refused, with the hint to write both as one glob.
TEST(Selection, TakesWhatAnyGlobTakesInTheOrderOfTheIds) {
  EXPECT_THAT(selected({"y/*", "x/a/*", "x/a/1"}), ElementsAre("x/a/1", "x/a/100", "y/a/0.5"));
}

// Would catch: a misspelt glob that is ignored because another one matches.
TEST(Selection, NamesAGlobThatTakesNothing) {
  try {
    selected({"x/*", "x/b/10"});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(
        error.what(),
        "--only x/b/10: no cell of suite t has this ID or matches it: the nearest are x/b/100, x/b/100/aa, x/b/1");
  }
}

}  // namespace
}  // namespace fanin::harness
