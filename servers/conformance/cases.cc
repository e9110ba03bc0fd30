#include "servers/conformance/cases.h"

namespace fanin::conformance {

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto group : {stream_cases(), closing_cases(), drain_cases(), batch_cases(), setup_cases(), leak_cases(),
                           reuse_cases(), slow_reader_cases(), crowd_cases(), descriptor_limit_cases(),
                           topology_cases(), replica_cases(), netcat_cases()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  return cases;
}

bool is_any(const Subject& /*subject*/) { return true; }
bool has_requests(const Subject& subject) { return subject.client_half()->request_bytes() > 0; }
bool is_greeting(const Subject& subject) { return !has_requests(subject); }
bool keeps_connections(const Subject& subject) { return !subject.client_half()->one_request_per_connection(); }
bool is_home(const Subject& subject) { return subject.home_protocol; }
bool is_home_and_keeps(const Subject& subject) { return subject.home_protocol && keeps_connections(subject); }

}  // namespace fanin::conformance
