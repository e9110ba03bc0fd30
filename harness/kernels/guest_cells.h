#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/guest/guest_plan.h"
#include "harness/json/json_reader.h"
#include "harness/kernels/guest_boot.h"
#include "harness/suite/plan.h"
#include "harness/suite/suite.h"

namespace fanin::harness {

// Why a cell whose server is a command is unsupported.
inline constexpr const char* kOnlyModels = "only models run in a guest";

// A cell as the guest runs it: the same command lines as on a real machine.
guest::GuestCell make_guest_cell(const Cell& cell, const ServerSpec& server, std::uint64_t seed);

// What became of a cell in a guest, apart from the count of its instructions.
struct GuestOutcome {
  std::string status = "ok";  // or "failed", "unsupported"
  std::string reason;         // empty: it is ok
  Json memory;                // as in results/schema/ledger.schema.json
  std::string server_maps;    // /proc/PID/maps
  std::string generator_maps;
};

// The outcome of the cell that has this number in the plan of the boot.
GuestOutcome judge_guest_cell(const BootResult& boot, std::uint32_t number, const Cell& cell, const ServerSpec& server);

// The bytes of a boot's frame; null: there is none.
const std::string* find_frame(const BootResult& boot, guest::FrameType type, std::uint32_t cell = guest::kNoCell);

// What the connections of a cell have added, from the texts of /proc that the guest sent; null: they are not complete.
Json measure_guest_memory(const std::string& readings, std::int64_t connections);

}  // namespace fanin::harness
