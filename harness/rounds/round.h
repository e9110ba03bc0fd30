#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "harness/rounds/programs.h"
#include "harness/suite/plan.h"
#include "harness/suite/suite.h"
#include "net/clock.h"

namespace fanin::harness {

// What all rounds of a run have in common.
struct RoundContext {
  Programs programs;
  Placement placement;
  // Where the generator runs, which finds the files of workloads there; empty: where the harness runs.
  std::string directory = {};
  int interrupt_fd = -1;  // readable once the user has asked to stop
  // What the generator may take beyond the windows it is asked for: timeouts and its end. For connecting there is
  // setup_limit().
  Nanoseconds generator_margin = std::chrono::seconds(60);
};

// Measures one cell once: a fresh server, one run of the generator, readings at the borders of its window. Returns the
// ROUND of results/README.md without "block" and "order". Whatever goes wrong with the server or the generator is in
// the round, with its reason. Throws Interrupted, and std::system_error where the harness lacks something.
Json run_round(const RoundContext& context, const ServerSpec& server, const Cell& cell, std::uint64_t seed);

// The same, to check the server: where the generator gives no result although the server lives, it throws RunFailure.
Json run_checked_round(const RoundContext& context, const ServerSpec& server, const Cell& cell);

// The gate before timing: does this server answer `protocol` correctly at all? Models go through fanin-conformance
// where it is built, and every server through a short run of the generator, which verifies each reply. Returns an entry
// of a run's "conformance". Throws Interrupted; where something else than the server is at fault, RunFailure or
// std::system_error.
Json check_conformance(const RoundContext& context, const ServerSpec& server, const Cell& representative);

// Reads GoogleTest's JSON report into {"status", "cases", "reason"}.
Json parse_conformance_report(const Json& report);

}  // namespace fanin::harness
