#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What is asked of a server in one cell: the keys of a suite's "workload", each the option of the same meaning of
// fanin-load, of fanin-server, or of both. A checked value; any thread.
class Workload {
 public:
  // Throws std::invalid_argument with the place of an unknown key or a value out of range.
  static Workload parse(const JsonReader& reader);

  // Throws likewise for keys that contradict or need one another; `place` is the object that it was parsed from. Apart
  // from parse(), because what a sweep sets counts too.
  void check_together(const JsonReader& place) const;

  // The same workload with one numeric key set to `value`, as a sweep does.
  Workload with(const std::string& key, const Json& value) const;

  // The same requests in a closed loop on at most 4 connections: 50 of them, however long they take, since a slow
  // reply is no wrong reply.
  Workload for_conformance() const;

  std::string protocol() const;
  std::int64_t connections() const;
  std::int64_t idle_connections() const;
  std::int64_t all_connections() const { return connections() + idle_connections(); }
  bool counts_requests() const;     // the window is a number of requests instead of a duration
  bool closes_connections() const;  // after some replies, or perhaps, by headers of its own
  bool has_ramp() const;
  bool has_rate() const;
  // Of the classes of requests of a mix, as the generator's result has them; empty: there is no mix.
  std::vector<std::string> class_names() const;
  std::string trace() const;  // the file of times; empty where there is none

  // The files that its options name, relative to the suite's folder.
  std::vector<std::string> files() const;

  // The options of fanin-load that ask for this workload, without target, window and output.
  std::vector<std::string> load_arguments() const;

  // The options of fanin-server that belong to it, `--protocol` included; a server of another make takes none of them.
  std::vector<std::string> server_arguments() const;

  // Refuses, with its place, a value that the key does not take. Throws also where the key is no numeric one.
  static void check_sweep_value(const JsonReader& parameter, const JsonReader& value);

 private:
  explicit Workload(Json values) : values_(std::move(values)) {}

  Json values_;  // an object that holds known keys only
};

}  // namespace fanin::harness
