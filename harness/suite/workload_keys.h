#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// A key of a suite's "workload": a row of the generator's option table, of which the program holds a copy
// (results/schema/load-options.json). A value; any thread.
struct WorkloadKey {
  enum class Type {
    kCount,
    kNumber,
    kDuration,
    kText,
    kEscapedText,
    kPattern,
    kChoice,
    kFile,
    kFlag,
    kTexts,
    kRamp,
    kMix
  };

  // Numbers can.
  bool can_be_swept() const noexcept { return type == Type::kCount || type == Type::kNumber; }
  // Throws std::invalid_argument, with its place, for a value that the key does not take.
  void check(const JsonReader& value) const;
  // Adds what says a checked value on a command line: the option once, once per item of a list, or not at all.
  void append(const Json& value, std::vector<std::string>& arguments) const;

  std::string name;
  std::string option;  // with dashes
  std::string prefix;  // of the option's value
  Type type = Type::kText;
  std::int64_t min = 0;  // of a count, and of a duration in nanoseconds
  std::int64_t max = 0;
  double highest = 0;              // of a number, which is above 0, and of the rates of a ramp
  std::vector<std::string> words;  // of a choice
  bool for_load = false;
  bool for_server = false;
  bool in_class = false;               // a class of a mix may have it
  std::vector<std::string> protocols;  // that have it; empty: all
  std::vector<std::string> needs;      // keys of which one must be given too
  std::vector<std::string> excludes;   // keys of which none may be given too
};

// In the order in which their options are put on a command line: the protocol, then as the generator's table has them.
std::span<const WorkloadKey> workload_keys();
const WorkloadKey* find_workload_key(std::string_view name);  // null where there is none

// Bounds of several keys together, as fanin-load has them.
struct WorkloadLimits {
  std::int64_t blocking_threads = 0;
  std::int64_t in_flight = 0;
  std::int64_t stamped_bytes = 0;  // the least payload of protocol chat
};
const WorkloadLimits& workload_limits();

// What fanin-load knows of a protocol. Throws std::out_of_range where there is none of this name.
struct ProtocolTraits {
  bool one_request_per_connection = false;
  bool mixes = false;  // requests of several classes are possible
};
const ProtocolTraits& protocol_traits(const std::string& name);

// The classes of requests of a workload's "mix": each an object with a "weight", if wanted a "name", and keys of the
// workload that say how its requests differ. Throws std::invalid_argument with the place of what is wrong.
void check_mix(const JsonReader& mix);

// A checked class as the option --mix takes it: "1 name=heavy payload-bytes=65536".
std::string mix_class_text(const Json& of_class);

}  // namespace fanin::harness
