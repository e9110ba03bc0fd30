#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/machine/machine.h"
#include "harness/rounds/round.h"

namespace fanin::harness {

// One arm of a unit. Refers to its server, cell and placement, which must outlive it.
struct UnitArm {
  UnitMember member;
  const Placement* placement = nullptr;  // null: that of the context
};

// Rounds of the arms in their order: interleaved, which needs equal workloads and placements, or one after the other in
// an order that `seed` draws. Throws as run_unit().
std::vector<Json> measure_arms(const RoundContext& context, const std::vector<UnitArm>& arms, bool interleaved,
                               std::uint64_t seed);

// Whether a server uses a CPU although it is not driven: it would take that from the others of its unit. Starts and
// stops it. `program` is fanin-server; empty: that of the context. Throws RoundFailure if it does not start, and
// Interrupted.
bool spins_while_idle(const RoundContext& context, const ServerSpec& server, const std::string& program,
                      const Workload& workload);

}  // namespace fanin::harness
