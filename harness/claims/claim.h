#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/suite/suite.h"
#include "harness/suite/workload.h"
#include "net/clock.h"

namespace fanin::harness {

// Where server and client of a case run.
enum class ClaimPlacement { kSplit, kShared, kAll };
std::string_view placement_name(ClaimPlacement placement);

// The bound of a ratio, or of a value, that a claim states.
struct Threshold {
  bool at_least = true;  // false: at most
  double value = 0;      // of a ratio above 0
};

// What a case measures on one side. A value.
struct ClaimSide {
  std::string label;      // "poll, idle_connections 1000"
  ServerSpec server;      // kind servers
  std::string benchmark;  // kind calls
  std::optional<Workload> workload;
  ClaimPlacement placement = ClaimPlacement::kSplit;
  std::string place;  // of its model, server or benchmark in the file, for complaints
};

// One comparison of a test with its threshold, or of a flip search at one value. A value.
struct ClaimCase {
  std::string id;    // "K2/poll-grows/1,000 idle"
  std::string name;  // of a test without cases: that of the test
  std::optional<double> x;
  std::optional<double> published;
  bool calls = false;             // two benchmarks of fanin-micro
  std::string metric;             // as in the file
  std::string unit;               // of the metric
  Threshold threshold;            // of new / base, or of new
  std::optional<ClaimSide> base;  // nothing: a test of a value
  ClaimSide now;
  net::Nanoseconds window{};
  net::Nanoseconds warmup{};
  bool accept_invalid = false;
  bool interleave = true;  // false: the servers run one after another, also where they could be interleaved
  std::string file;        // of the claim
  std::string place;       // in the file

  bool is_interleavable() const;  // as far as the file says: equal workloads and placements, and a metric of one server
};

struct ClaimTest {
  std::string name;
  std::string says;
  std::string axis;                    // may be empty
  std::optional<Threshold> threshold;  // nothing: the cases have their own
  std::vector<ClaimCase> cases;
};

// A search for the value at which a comparison crosses its threshold.
struct ClaimFlip {
  std::string name;
  std::string says;
  std::string parameter;
  double from = 0;
  double to = 0;
  double precision = 0;
  bool whole = true;  // the parameter takes whole numbers only
  std::function<ClaimCase(double)> make_case;
};

// A claim file. A value.
struct Claim {
  std::string id;
  std::string file;
  std::shared_ptr<const Json> document;  // what make_case() of the flips refers to
  std::vector<ClaimTest> tests;
  std::vector<ClaimFlip> flips;

  std::vector<const ClaimCase*> list_cases() const;
};

// The server NAME of a suite, which is given by name or path. Throws std::invalid_argument with what is wrong.
using FindServer = std::function<ServerSpec(const std::string& suite, const std::string& server)>;

// Throws std::invalid_argument "FILE: /place: what is wrong". What only the programs know, such as whether a model
// exists, is checked elsewhere (harness/claims/check.h).
Claim parse_claim(const JsonReader& root, const FindServer& find_server);

}  // namespace fanin::harness
