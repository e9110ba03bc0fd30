#include "harness/machine/placement.h"

namespace fanin::harness {

Placement choose_placement(const std::vector<int>& allowed) {
  if (allowed.size() < 2) {
    return {false, allowed, allowed};
  }
  return {true, {allowed.front()}, {allowed.begin() + 1, allowed.end()}};
}

Json Placement::to_json() const {
  return {{"mode", split ? "split" : "shared"}, {"server_cpus", server_cpus}, {"client_cpus", client_cpus}};
}

}  // namespace fanin::harness
