#include "servers/conformance/cases.h"

namespace fanin::conformance {

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto group : {stream_cases(), closing_cases(), drain_cases(), batch_cases(), setup_cases(), leak_cases(),
                           reuse_cases(), slow_reader_cases(), many_connections_cases(), descriptor_limit_cases(),
                           topology_cases(), replica_cases(), netcat_cases()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  return cases;
}

bool is_any(const Target& /*target*/) { return true; }
bool has_requests(const Target& target) { return target.client_half()->request_bytes() > 0; }
bool is_greeting(const Target& target) { return !has_requests(target); }
bool keeps_connections(const Target& target) { return !target.client_half()->one_request_per_connection(); }
bool is_default_protocol(const Target& target) { return target.default_protocol; }
bool is_default_and_keeps(const Target& target) { return target.default_protocol && keeps_connections(target); }

}  // namespace fanin::conformance
