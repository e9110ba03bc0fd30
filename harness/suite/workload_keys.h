#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What a key of a suite's "workload" holds, and which program takes its option. Whole numbers and reals can be swept.
struct WorkloadKey {
  enum class Kind { kWhole, kReal, kText, kTexts, kDuration, kFlag, kFile, kRamp, kMix };
  enum class Taker { kLoad, kServer, kBoth };

  bool can_be_swept() const noexcept { return kind == Kind::kWhole || kind == Kind::kReal; }
  // Throws std::invalid_argument, with its place, for a value that the key does not take.
  void check(const JsonReader& value) const;
  // Adds what says a checked value on a command line: the option once, once per item of a list, or not at all.
  void append(const Json& value, std::vector<std::string>& arguments) const;

  std::string_view name;
  std::string_view option;
  Kind kind;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::string_view one_of = "";  // alternatives between bars, where not every text is allowed
  Taker taker = Taker::kLoad;
  std::string_view prefix = "";  // of the option's value
};

// In the order in which their options are put on a command line.
std::span<const WorkloadKey> workload_keys();
const WorkloadKey* find_workload_key(std::string_view name);  // null where there is none

}  // namespace fanin::harness
