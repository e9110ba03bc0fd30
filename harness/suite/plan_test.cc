#include "harness/suite/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace fanin::harness {
namespace {

using ::testing::ElementsAre;

Suite small_suite() {
  return parse_suite(Json::parse(R"({"schema":"fanin-suite","schema_version":2,"name":"t","repetitions":3,
    "warmup":"300ms","duration":"1s","servers":[{"name":"a","model":"epoll"},{"name":"b","model":"poll"}],
    "experiments":[
      {"name":"x","servers":["*"],"workload":{"protocol":"echo","connections":10},
       "sweep":{"parameter":"connections","values":[1,100]},"aa":{"server":"b","value":100}},
      {"name":"y","servers":["a"],"workload":{"protocol":"echo"},"duration":"2s",
       "sweep":{"parameter":"rate","values":[0.5]},"aa":{"server":"a","value":0.5}}]})"),
                     "s.json");
}

std::vector<std::string> ids(const std::vector<Cell>& cells) {
  std::vector<std::string> all;
  all.reserve(cells.size());
  for (const Cell& cell : cells) {
    all.push_back(cell.id);
  }
  return all;
}

TEST(Plan, MakesEveryCell) {
  const std::vector<Cell> cells = make_cells(small_suite());
  EXPECT_THAT(ids(cells), ElementsAre("x/a/1", "x/a/100", "x/b/1", "x/b/100", "x/b/100/aa", "y/a/0.5", "y/a/0.5/aa"));
  EXPECT_EQ(cells[1].workload.connections(), 100);
  EXPECT_EQ(cells[4].workload.connections(), 100);
  EXPECT_TRUE(cells[4].aa);
  EXPECT_EQ(cells[5].duration, std::chrono::seconds(2));
  EXPECT_EQ(cells[5].workload.connections(), 10);  // fanin-load's default
}

// An interleaved experiment has one unit for each value, with its A/A control; every other cell is a unit.
TEST(Plan, UnitsAreWhatIsMeasuredTogether) {
  Json document = small_suite().document;
  document["experiments"][0]["design"] = "interleaved";
  const std::vector<Cell> cells = make_cells(parse_suite(document, "s.json"));
  using Indices = std::vector<std::size_t>;
  EXPECT_THAT(make_units(cells), ElementsAre(Indices{0, 2}, Indices{1, 3, 4}, Indices{5}, Indices{6}));
  EXPECT_EQ(make_units(make_cells(small_suite())).size(), 7U);
}

TEST(Plan, OnlyTakesCellsByTheirIds) {
  EXPECT_THAT(ids(make_cells(small_suite(), {"y/*", "x/b/100"})), ElementsAre("x/b/100", "y/a/0.5", "y/a/0.5/aa"));
}

// The bug: the sum of long windows overflowed 64-bit nanoseconds, which UndefinedBehaviorSanitizer found.
TEST(Plan, AddsUpTheTimeOfAllRounds) {
  std::vector<Cell> cells = make_cells(small_suite(), {"x/a/1"});
  for (const net::Nanoseconds duration :
       {net::Nanoseconds(std::chrono::seconds(1)), net::Nanoseconds(std::chrono::hours(8760))}) {
    cells.front().duration = duration;
    const ExpectedTime round = expected_time(cells.front()) + kRoundOverhead;
    EXPECT_DOUBLE_EQ(expected_time(cells, 1000).count(), 1000 * round.count());
  }
}

// Would catch: a resumed run, or one on another machine, that goes on in another order. The numbers are what the
// standard fixes for seed_seq and mt19937_64 under this shuffle; they must never change within a schema version.
TEST(Plan, OrderIsTheSameForEver) {
  EXPECT_THAT(block_order(12345, 0, 8), ElementsAre(5, 3, 0, 1, 6, 2, 4, 7));
  EXPECT_THAT(block_order(12345, 1, 8), ElementsAre(3, 7, 5, 0, 1, 6, 4, 2));
}

TEST(Plan, EveryBlockHoldsEveryCellOnce) {
  for (int block = 0; block < 20; ++block) {
    std::vector<std::size_t> order = block_order(99, block, 50);
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ(order[i], i);
    }
  }
}

// Would catch: a biased shuffle. Each of 4 cells comes first in a quarter of 4000 blocks; the bound is 6 standard
// deviations, and the seed is fixed, so the test cannot fail by chance.
TEST(Plan, EveryCellIsEquallyLikelyToComeFirst) {
  std::map<std::size_t, int> first;
  for (int block = 0; block < 4000; ++block) {
    ++first[block_order(1, block, 4).front()];
  }
  for (const auto& [cell, count] : first) {
    EXPECT_NEAR(count, 1000, 6 * 27.4) << cell;
  }
}

TEST(Plan, SeedsDifferAndFitIntoADouble) {
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 10; ++i) {
    seeds.insert(draw_seed());
  }
  EXPECT_GT(seeds.size(), 1U);
  EXPECT_LT(*seeds.rbegin(), std::uint64_t{1} << 53);
}

}  // namespace
}  // namespace fanin::harness
