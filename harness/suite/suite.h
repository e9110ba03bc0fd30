#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/suite/server.h"
#include "harness/suite/workload.h"

namespace fanin::harness {

struct Sweep {
  std::string parameter;     // a numeric key of the workload
  std::vector<Json> values;  // numbers, as written
};

// A second, identical cell: what differs between the two is noise.
struct AaControl {
  std::string server;
  Json value;  // of the sweep
};

// Traffic before the window: for a time, or until the throughput is steady.
struct Warmup {
  net::Nanoseconds length{};  // the least that it takes
  bool until_steady = false;

  net::Nanoseconds longest() const noexcept;
  // For the option --warmup, if `targets` are interleaved: each is driven for the length.
  std::string text(int targets = 1) const;
};

struct Experiment {
  std::string name;
  std::string title;
  std::vector<std::string> servers;  // names, "*" already spelled out
  Workload workload;
  Sweep sweep;
  std::optional<AaControl> aa;
  Warmup warmup;                // its own, else the suite's, else fanin-load's default
  net::Nanoseconds duration{};  // the same
  bool interleaved = false;     // the servers of a sweep value are measured at once, in slices
  std::string baseline;         // the server that the others are compared with; empty: none
};

// What `fanin run` is asked to do (format: results/README.md). A value; any thread.
struct Suite {
  std::string name;
  std::string description;
  int repetitions = 0;
  std::optional<std::uint64_t> seed;  // nothing: drawn at the start and recorded
  std::vector<ServerSpec> servers;
  std::vector<Experiment> experiments;
  Json document;  // as given
};

// Refuses texts with a NUL, since texts become arguments of programs, which end there.
void refuse_nul(const JsonReader& reader);

// Both throw std::invalid_argument "FILE: /place: what is wrong".
Suite parse_suite(const JsonReader& root);
Suite parse_suite(const Json& document, const std::string& file);

}  // namespace fanin::harness
