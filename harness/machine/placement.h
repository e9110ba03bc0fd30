#pragma once

#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// Which CPUs the server and the client side (the generator, and the harness, which sleeps) run on.
struct Placement {
  bool split = false;  // apart; otherwise both share all CPUs
  std::vector<int> server_cpus;
  std::vector<int> client_cpus;

  Json to_json() const;
};

// With two CPUs or more the server gets the first one and the client the rest: how a server uses several CPUs is a
// question of its own, and must not mix with which CPU the generator left free.
Placement choose_placement(const std::vector<int>& allowed);

}  // namespace fanin::harness
