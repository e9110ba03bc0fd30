#pragma once

#include <string>

#include "harness/rounds/catalogue.h"
#include "harness/rounds/round.h"

namespace fanin::harness {

// The gate before timing: does this server answer `protocol` correctly at all? Models go through fanin-conformance
// where it is built, and every server through a short run of the generator, which verifies each reply. Returns an entry
// of a run's "conformance". Throws Interrupted; where something else than the server is at fault, RunFailure or
// std::system_error.
Json check_conformance(const Rig& rig, const ServerSpec& server, const Cell& representative);

// Reads GoogleTest's JSON report into {"status", "cases", "reason"}.
Json conformance_of_report(const Json& report);

}  // namespace fanin::harness
