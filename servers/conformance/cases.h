#pragma once

#include <span>
#include <vector>

#include "servers/conformance/subject.h"

namespace fanin::conformance {

// One trap that every model must not fall into.
struct Case {
  const char* name;
  // Part of the check before a timing.
  bool quick = false;
  // Whether there is anything to check for this model and protocol.
  bool (*applies)(const Subject&) = nullptr;
  // Runs inside a test of GoogleTest: expectations are its macros, an exception is a failure.
  void (*run)(const Subject&) = nullptr;
};

// All cases, in the order in which they run. A new group of cases is declared below and added to the list in cases.cc.
std::vector<Case> all_cases();

std::span<const Case> stream_cases();
std::span<const Case> closing_cases();
std::span<const Case> drain_cases();
std::span<const Case> batch_cases();
std::span<const Case> setup_cases();
std::span<const Case> leak_cases();
std::span<const Case> reuse_cases();
std::span<const Case> slow_reader_cases();
std::span<const Case> crowd_cases();
std::span<const Case> descriptor_limit_cases();
std::span<const Case> topology_cases();
std::span<const Case> replica_cases();
std::span<const Case> netcat_cases();

// What a case may ask of the protocol.
bool is_any(const Subject& subject);
bool has_requests(const Subject& subject);       // the client speaks first
bool is_greeting(const Subject& subject);        // the server speaks first, and only once
bool keeps_connections(const Subject& subject);  // many requests on a connection
bool is_home(const Subject& subject);            // once per model, with any protocol
bool is_home_and_keeps(const Subject& subject);  // once per model, with many requests on a connection

}  // namespace fanin::conformance
