#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "harness/ab/ab.h"
#include "harness/rounds/round.h"
#include "harness/verdict/verdict.h"

namespace fanin::harness {

// What one side of a cell is measured with.
struct Arm {
  ServerSpec server;
  std::string program;

  // Its program and the whole command line: two servers of one name may differ in their options.
  std::vector<std::string> command_line() const;
};

// One cell of a session.
struct AbCell {
  Cell cell;
  Arm base;
  Arm now;
  bool interleaved = false;
  bool needs_all_units = false;  // goes on when it is decided: an estimate that stops at a decision is biased
  std::vector<MetricTrack> tracks = {};
  std::array<std::vector<const Json*>, 2> rounds = {};  // of base and new, owned by the session
  std::size_t busy_units = 0;                           // in which the machine was busy
  std::optional<CellFault> fault = {};

  // Whether it needs no further unit.
  bool decided() const {
    return fault || (!needs_all_units && std::all_of(tracks.begin(), tracks.end(),
                                                     [](const MetricTrack& track) { return track.decided(); }));
  }
};

// Measures the cells in units of base, new and control until all are decided or the budget is spent, with the harness
// on the client's CPUs. Sets windows, metrics and designs of the cells. Throws std::system_error if the harness lacks a
// resource.
Judgement hold_session(const RoundContext& context, std::vector<AbCell> cells, const AbOptions& options);

}  // namespace fanin::harness
