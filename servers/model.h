#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "servers/server.h"

namespace fanin::protocols {
struct Protocol;
}

namespace fanin::server {

// A row of the model table.
struct ServerModel {
  std::string_view name;
  std::string_view summary;  // one line, for `fanin-server list`
  // An anti-pattern is naive on purpose and is kept out of rankings.
  enum class Kind { kModel, kAntiPattern } kind = Kind::kModel;
  // Serves until the stop signal and returns when drained. Throws std::system_error where it cannot be set up.
  void (*run)(Server& server) = nullptr;
  // Why this machine cannot run the model, or nothing. Null: runs everywhere.
  std::optional<std::string> (*probe)() = nullptr;
  // The highest descriptor that the model can watch; -1: no limit.
  int max_descriptor = -1;

  // Charts show a family in one panel: blocking, readiness, epoll, multicore, coroutine, completion.
  std::string_view family;
  // Whether several threads of one process serve. Models with one thread skip the tests for data races, hence the
  // default.
  enum class Threads { kOne, kMany } threads = Threads::kMany;
  // The ModelOptions of the model, by their names on the command line, separated by spaces. Others are refused.
  std::string_view takes = "";
  // Values of --accept, the default first.
  std::string_view accept_modes = "";
  // Workers without --workers; 0: one per allowed CPU.
  int default_workers = 0;
  // Connections served at the same time: all, one, or one per worker.
  enum class Serves { kAll, kOne, kOnePerWorker } serves = Serves::kAll;
  // The workers are pre-forked processes; those that die are replaced.
  bool worker_processes = false;
  // Uses a CPU, or much of one, while idle, by design.
  bool busy_when_idle = false;
  // Stalls in a message that is longer than one read: an anti-pattern kept as a demo.
  bool stalls = false;
  // Whether the listeners need SO_REUSEPORT. Null: never.
  bool (*reuses_port)(const ModelOptions&) = nullptr;
  // Descriptors that each worker keeps open besides connections and its own listeners. Null: none.
  int (*descriptors_per_worker)(const ModelOptions&) = nullptr;
  // All connections live in one address space, as `chat` needs.
  bool shares_memory = true;

  bool carries(const protocols::Protocol& protocol) const noexcept;
};

// Fills the defaults of the model into `options`. Throws std::invalid_argument naming an option or a protocol that the
// model does not support. `given` holds the names of the model options on the command line.
void apply_model(const ServerModel& model, std::span<const std::string> given, ServerOptions& options);

// The number of workers without --workers.
int workers_by_default(const ServerModel& model);

// All models, in the order of the progression.
std::span<const ServerModel> models();

// Throws std::invalid_argument that lists the known names.
const ServerModel& find_model(std::string_view name);

// `fanin-server list`: every model and protocol, as text and as JSON (docs/contracts.md).
std::string list_text();
std::string list_json();

}  // namespace fanin::server
