#pragma once

#include <string>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// A result of `fanin selftest`, as results/schema/selftest.schema.json has it. Its sessions and its simulation come
// from different calls, and its sessions can come from several machines.
struct SelftestFile {
  std::vector<Json> sessions;
  Json environment;  // of the last session; null: there is none
  Json simulation;   // null: there is none

  // Empty if there is no such file. Throws std::invalid_argument if it is no result of `fanin selftest`.
  static SelftestFile load(const std::string& path);
  // Adds a session and where it was measured: CPU, kernel and the commit of the program.
  void add_session(Json session, const Json& measured_in);
  // Takes over the sessions of another result that it does not hold yet.
  void add_sessions(const SelftestFile& other);
  // Throws std::system_error.
  void write(const std::string& path) const;
};

}  // namespace fanin::harness
