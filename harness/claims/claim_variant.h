#pragma once

#include <string>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// Claims made from a claim, to see that a verdict comes from the figures. Pure. `claim` fits its schema; so does what
// is returned, unless its texts grow too long.

// Its opposite: base and new swapped in each comparison, with the inverse threshold, and the other bound for a test of
// a value. It is refuted where the claim is confirmed, and confirmed where it is refuted.
Json swap_sides(const JsonReader& claim);

// A model and its replacement.
struct Replacement {
  std::string model;
  std::string by;
  std::vector<std::string> args;  // added to the side's own

  // Parses "epoll=epoll --read-cap 1". Throws std::invalid_argument if it has another form.
  static Replacement parse(const std::string& text);
};

// The claim with one model in place of another on every side; as it is if no side has it.
Json replace_model(const JsonReader& claim, const Replacement& replacement);

}  // namespace fanin::harness
