#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "harness/rounds/programs.h"
#include "harness/rounds/server_command.h"
#include "harness/rounds/server_under_test.h"
#include "harness/suite/plan.h"
#include "harness/suite/suite.h"
#include "net/clock.h"

namespace fanin::harness {

// What all rounds of a run have in common.
struct RoundContext {
  Programs programs;
  Placement placement;
  // Working directory of the generator, which holds the files of workloads; empty: that of the harness.
  std::string directory = {};
  std::shared_ptr<BuildDirectories> builds = std::make_shared<BuildDirectories>();  // of servers with a build command
  int interrupt_fd = -1;  // readable once the user has asked to stop
  // Time for timeouts and the end of the generator, in addition to its windows. setup_limit() covers connecting.
  net::Nanoseconds generator_margin = std::chrono::seconds(60);
};

// How the context starts a server. Runs its build command the first time, and throws as BuildDirectories::require().
// `program`: fanin-server; empty: that of the context. `padding`: bytes that are added to the server's environment.
ServerStart prepare_start(const RoundContext& context, const ServerSpec& server, const std::string& program,
                          std::size_t padding = 0);

// A server and the cell that it is measured for.
struct UnitMember {
  const ServerSpec* server = nullptr;
  const Cell* cell = nullptr;
  std::string program = {};  // fanin-server; empty: that of the context
};

// Measures each member once: fresh servers, one run of the generator, readings at both ends of its window. Several
// members, whose cells must have the same workload and window, are interleaved, and their rounds say so unless only one
// server started. Returns for each the ROUND of results/README.md without "block" and "order". A failure of a server or
// the generator is in the round, with its reason. Each server's environment is padded by a random number of bytes,
// which depends on `seed`: where the stack lies moves results by some percent (Mytkowicz et al., ASPLOS 2009). Throws
// Interrupted, and std::system_error if the harness lacks a resource.
std::vector<Json> run_unit(const RoundContext& context, const std::vector<UnitMember>& members, std::uint64_t seed);

// The same, to check the server: throws RunFailure if the generator gives no result although the server runs.
Json run_checked_round(const RoundContext& context, const ServerSpec& server, const Cell& cell);

// Checks before any timing that the server answers its protocol correctly: models with fanin-conformance, if it is
// built, and every server with a short run of the generator, which verifies each reply. Returns an entry of a run's
// "conformance". Throws Interrupted; RunFailure or std::system_error if the server is not at fault.
Json check_conformance(const RoundContext& context, const ServerSpec& server, const Cell& representative);

// Reads GoogleTest's JSON report into {"status", "cases", "reason"}.
Json parse_conformance_report(const Json& report);

}  // namespace fanin::harness
