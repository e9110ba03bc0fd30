#pragma once

#include <cstdint>
#include <string>

#include "harness/json/json_reader.h"
#include "harness/machine/headroom.h"

namespace fanin::harness {

struct DoctorOptions {
  std::uint64_t connections = 1'000'000;
  bool fix = false;
  bool undo = false;
  bool as_json = false;
};

// `fanin doctor`: prints whether the connections fit, and raises limits on request. Returns the exit code. Throws what
// LimitChanges throws.
int run_doctor(const DoctorOptions& options);

// A line for each limit, and the verdict. `most` is find_max_connections().
std::string describe_headroom(const Headroom& headroom, std::uint64_t most);

// The same in the shape of results/schema/doctor.schema.json.
Json headroom_json(const Headroom& headroom, std::uint64_t most);

}  // namespace fanin::harness
