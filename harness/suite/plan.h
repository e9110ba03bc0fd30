#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/suite/selection.h"
#include "harness/suite/suite.h"

namespace fanin::harness {

// One thing to measure: (experiment, server, sweep value). Its rounds are repetitions of the same.
struct Cell {
  std::string id;  // "echo-closed/epoll/100", an A/A control's ends in "/aa"
  std::string experiment;
  std::string server;
  std::string parameter;  // what is swept
  Json value;             // of the swept parameter
  bool aa = false;
  Workload workload;
  Warmup warmup;
  net::Nanoseconds duration{};
  bool interleaved = false;
};

// Whether the cell is there for the server's memory alone: one active connection and swept idle ones only shows that
// the server still answers. Then nothing is read that would itself take memory before all of it is read.
bool asks_about_memory(const Cell& cell);

// An estimate. Its sums over many rounds may exceed the range of Nanoseconds.
using ExpectedTime = std::chrono::duration<double>;

// What a round of the cell is expected to take: its window, and its connections being set up and closed.
ExpectedTime expected_time(const Cell& cell);
// The same for all rounds of some cells, with the start and end of each server.
ExpectedTime expected_time(const std::vector<Cell>& cells, int repetitions);
// What a round takes in addition to expected_time(), before the first one has shown it: start, connect, drain.
inline constexpr net::Nanoseconds kRoundOverhead = std::chrono::milliseconds(300);
// How much longer than its window a round may take because of its connections, before it is given up.
net::Nanoseconds setup_limit(const Cell& cell);

// The cells of a suite in the order in which it is written: those that `only` takes by their IDs. Throws as
// select_ids().
std::vector<Cell> make_cells(const Suite& suite, const Globs& only = {});

// Indices of cells that are measured together, a unit: the servers of an interleaved experiment at one sweep value, or
// one cell. In the order of the cells.
std::vector<std::vector<std::size_t>> make_units(const std::vector<Cell>& cells);

// The same, all of them.
std::map<std::string, Cell> make_cells_by_id(const Suite& suite);

// A random order of the numbers 0 .. count-1 (of units) that depends on `seed` and `block` alone, on every machine and
// with every compiler: an interrupted run goes on in the same order. Each order is equally likely (Fisher and Yates).
std::vector<std::size_t> block_order(std::uint64_t seed, int block, std::size_t count);

// The seed of a round's arrivals: another one in each round, so that repetitions do not repeat one schedule's
// accidents.
std::uint64_t derive_round_seed(std::uint64_t seed, int block, std::size_t order);

// A seed from the operating system, below 2^53 so that every JSON reader keeps it exactly.
std::uint64_t draw_seed();

}  // namespace fanin::harness
