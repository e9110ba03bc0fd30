#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What one arm of a unit gave.
struct ArmRecord {
  std::string status;                     // "ok", "invalid", "failed" or "unsupported"
  std::string reason;                     // of another status than "ok"; may be empty
  std::map<std::string, double> metrics;  // by name, those that it has

  std::optional<double> find(const std::string& metric) const;
};

// A finished unit of a case: base, new and a copy of base as control, or new alone. A line of units.jsonl.
struct UnitRecord {
  std::string case_id;
  std::size_t unit = 0;  // of the case, from 0
  double seconds = 0;    // that it took
  bool interleaved = false;
  std::vector<ArmRecord> arms;

  Json to_json() const;
  // Throws std::invalid_argument with the place of what is wrong.
  static UnitRecord parse(const JsonReader& reader);
};

}  // namespace fanin::harness
