#pragma once

#include <span>
#include <vector>

#include "servers/conformance/target.h"

namespace fanin::conformance {

// One requirement of every model.
struct Case {
  const char* name;
  // Part of the check before a measurement.
  bool quick = false;
  // Whether the case applies to this model and protocol.
  bool (*applies)(const Target&) = nullptr;
  // Runs inside a GoogleTest test: uses its macros; an exception is a failure.
  void (*run)(const Target&) = nullptr;
};

// All cases in execution order. Declare a new group below and add it to the list in main.cc.
std::vector<Case> all_cases();

std::span<const Case> stream_cases();
std::span<const Case> closing_cases();
std::span<const Case> drain_cases();
std::span<const Case> batch_cases();
std::span<const Case> setup_cases();
std::span<const Case> leak_cases();
std::span<const Case> reuse_cases();
std::span<const Case> slow_reader_cases();
std::span<const Case> many_connections_cases();
std::span<const Case> descriptor_limit_cases();
std::span<const Case> topology_cases();
std::span<const Case> replica_cases();
std::span<const Case> netcat_cases();

// What a case may require of the protocol.
bool is_any(const Target& target);
bool has_requests(const Target& target);          // the client speaks first
bool is_greeting(const Target& target);           // the server speaks first, and only once
bool keeps_connections(const Target& target);     // many requests on a connection
bool is_default_protocol(const Target& target);   // once per model, with any protocol
bool is_default_and_keeps(const Target& target);  // once per model, with many requests on a connection

}  // namespace fanin::conformance
