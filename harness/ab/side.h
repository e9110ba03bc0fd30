#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/rounds/programs.h"
#include "harness/suite/suite.h"

namespace fanin::harness {

// One side of `fanin ab` as the user names it:
//   a folder                 the fanin-server in it, with the servers of the suite
//   a file that ends in .json  a server as in a suite: {"name": ..., "model" or "command": ...}
//   words with {port}        a command line
//   words, the first a model a model of fanin-server with options
//   options, or nothing      added to the options of the suite's models
// A value.
struct Side {
  std::string text;                       // as given
  std::string program = {};               // fanin-server; empty: the one next to fanin
  std::optional<ServerSpec> server = {};  // in place of the suite's; nothing: the suite's servers
  std::vector<std::string> options = {};  // added to the suite's models

  // The server that this side measures where the suite has `server`.
  ServerSpec apply(const ServerSpec& server) const;
};

// Throws std::invalid_argument that says what a side may be.
Side parse_side(const std::string& text, const Catalogue& catalogue);

// Refuses sides of different kinds, of which only one replaces the suite's servers, and sides that are the same.
void check_sides(const Side& base, const Side& now);

}  // namespace fanin::harness
