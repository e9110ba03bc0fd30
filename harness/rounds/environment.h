#pragma once

#include <string>

#include "harness/json/json_reader.h"
#include "harness/rounds/programs.h"

namespace fanin::harness {

// The fingerprint of this machine, its limits and this build, as results/README.md describes ENVIRONMENT. Holds no
// path of a user's and no host name.
Json read_environment(const Programs& programs);

// Throws std::invalid_argument if the machine, the kernel or a program that is measured with differs between two
// fingerprints: what is measured now would not repeat what was measured before.
void refuse_changed_environment(const Json& before, const Json& now);

// Why other programs kept the machine busy when a fingerprint was taken; empty: they did not, or it is unknown.
std::string describe_busy(const Json& environment);

// One line per fact: "cpu.model   Intel ...", and "unreadable (reason)" for what is not known.
std::string describe_environment(const Json& environment);

// The present time of day, UTC, as all result files write it: "2026-11-20T19:00:00.123Z".
std::string timestamp_now();

}  // namespace fanin::harness
