#pragma once

#include <string>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// How much runs of one commit differ on the same machine: standard deviations of logarithms, of the cell that varies
// most.
struct Drift {
  double of_value = 0;
  double of_ratio = 0;  // to a baseline server of the same run
};

// A fanin-drift document (results/README.md), which must outlive the table. A metric that it lacks has the largest
// drift of all.
class DriftTable {
 public:
  explicit DriftTable(const Json& document) : document_(document) {}
  // That of results/selftest/drift.json, of which the program holds a copy.
  static const DriftTable& shipped();

  // Interleaved servers share more of the machine's state than servers that are measured in rounds.
  Drift find(const std::string& metric, bool is_interleaved) const;
  // Where the figures come from, in words that fit after "from".
  std::string source() const { return document_.at("source").get<std::string>(); }

 private:
  const Json& document_;
};

}  // namespace fanin::harness
