#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fanin::conformance {

// What the suite knows of a model, all of it from `fanin-server list --json`.
struct ModelTraits {
  std::string name;
  std::optional<std::string> unsupported;  // why this machine cannot run it
  std::vector<std::string> protocols;      // what it carries
  std::optional<int> max_descriptor;       // the highest descriptor number that it can watch
  std::optional<std::size_t> concurrency;  // connections that it serves at once; the others wait. None: no bound
  bool one_thread = false;                 // in each of its processes
  bool signal_queue = false;               // readiness comes through a bounded queue of signals
  bool spins = false;                      // looks for work all the time: its CPU time says nothing
  bool replicates = false;                 // takes --processes
  bool steers = false;                     // takes --steer
  bool worker_processes = false;           // made ahead, and replaced when they die
};

// Asks the server program. Throws std::runtime_error naming it where it cannot be run or gives something else.
std::vector<ModelTraits> read_catalog(const std::string& server_program);

// The server program's help text, for the options that only some versions have.
std::string read_help(const std::string& server_program);

}  // namespace fanin::conformance
