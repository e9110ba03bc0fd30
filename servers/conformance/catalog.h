#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fanin::conformance {

// A model as listed by `fanin-server list --json`.
struct ModelTraits {
  std::string name;
  std::optional<std::string> unsupported;  // why this machine cannot run it
  std::vector<std::string> protocols;      // protocols that it serves
  std::optional<int> max_descriptor;       // the highest descriptor that it can watch
  std::optional<std::size_t> concurrency;  // connections served at once; others wait. None: no limit
  bool one_thread = false;                 // in each of its processes
  bool signal_queue = false;               // readiness arrives in a bounded queue of signals
  bool spins = false;                      // polls all the time: its CPU time means nothing
  bool replicates = false;                 // takes --processes
  bool steers = false;                     // takes --steer
  bool worker_processes = false;           // pre-forked, and replaced when they die
};

// Runs the server program. Throws std::runtime_error naming it if it fails or prints no list.
std::vector<ModelTraits> read_catalog(const std::string& server_program);

// The server program's help text, for options that only some versions have.
std::string read_help(const std::string& server_program);

}  // namespace fanin::conformance
