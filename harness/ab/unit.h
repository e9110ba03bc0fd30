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

// How the arms of a unit are measured.
enum class UnitDesign {
  kInTurn,          // one after the other, in an order that the seed draws
  kInterleaved,     // needs equal workloads and placements
  kTryInterleaved,  // the same; one after another if their replies take too long for slices (long-replies)
};

// The design of the next unit, where arms may be interleaved or not. The first one finds out how long replies take.
UnitDesign choose_design(bool interleaved, bool is_first);

struct MeasuredUnit {
  std::vector<Json> rounds;  // of the arms, in their order
  bool interleaved = false;
};

// Measures the arms once. Throws as run_unit().
MeasuredUnit measure_arms(const RoundContext& context, const std::vector<UnitArm>& arms, UnitDesign design,
                          std::uint64_t seed);

// Whether a server uses a CPU although it is not driven: it would take that from the others of its unit. Starts and
// stops it. `program` is fanin-server; empty: that of the context. Throws RoundFailure if it does not start, and
// Interrupted.
bool spins_while_idle(const RoundContext& context, const ServerSpec& server, const std::string& program,
                      const Workload& workload);

}  // namespace fanin::harness
