#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "servers/server.h"

namespace fanin::server {

// A row of the model table.
struct ServerModel {
  std::string_view name;
  std::string_view summary;  // one line, for `fanin-server list`
  // An exhibit is naive on purpose and is kept out of rankings.
  enum class Kind { kModel, kExhibit } kind = Kind::kModel;
  // Serves until the stop signal and returns when drained. Throws std::system_error where it cannot be set up.
  void (*run)(Server& server) = nullptr;
  // Why this machine cannot run the model, or nothing. Null: it runs everywhere.
  std::optional<std::string> (*probe)() = nullptr;
  // The highest descriptor number that the model can watch; -1: no limit.
  int max_descriptor = -1;

  // Models of a family are shown in one panel: blocking, readiness, epoll, multicore, coroutine, completion.
  std::string_view family;
  // Whether several threads of one process serve. Those that do not are left out where races between threads are looked
  // for, so it is many unless the row says otherwise.
  enum class Threads { kOne, kMany } threads = Threads::kMany;
  // The ModelOptions that the model takes, by their names on the command line, separated by spaces. Others are refused.
  std::string_view takes = "";
  // Values of --accept that the model knows, the default first.
  std::string_view accept_modes = "";
  // Workers where --workers is not given; 0: one for each CPU that the process may use.
  int default_workers = 0;
  // How many connections it serves at the same time: as many as come, one, or one for each worker.
  enum class Serves { kAll, kOne, kOnePerWorker } serves = Serves::kAll;
  // The workers are processes made ahead, and one that dies is replaced.
  bool worker_processes = false;
  // It uses a CPU, or much of one, while nothing happens: that is its idea.
  bool busy_when_idle = false;
  // It stops in the middle of a message that is longer than one read: an exhibit's fault, kept to be shown.
  bool stalls = false;
  // Whether the listeners must be opened with SO_REUSEPORT. Null: never.
  bool (*reuses_port)(const ModelOptions&) = nullptr;
  // How many descriptors each worker keeps open besides connections and listeners of its own. Null: none.
  int (*descriptors_per_worker)(const ModelOptions&) = nullptr;
  // All connections live in one address space, so that protocols which connect them (chat) can be carried.
  bool shares_memory = true;

  bool carries(const Protocol& protocol) const noexcept {
    return protocol.make_sessions != nullptr && (shares_memory || !protocol.needs_shared_memory);
  }
};

// Puts the model's defaults where `options` leave them open. Throws std::invalid_argument naming an option or a
// protocol that the model does not take. `given` holds the names of the model options on the command line.
void apply_model(const ServerModel& model, std::span<const std::string> given, ServerOptions& options);

// How many workers the model has where nobody says.
int workers_by_default(const ServerModel& model);

// All models, in the order of the ladder.
std::span<const ServerModel> models();

// Throws std::invalid_argument that lists the known names.
const ServerModel& find_model(std::string_view name);

// One per file in models/; the table is made of these.
extern const ServerModel kIterative;
extern const ServerModel kNonblocking;
extern const ServerModel kProcess;
extern const ServerModel kPrefork;
extern const ServerModel kThread;
extern const ServerModel kThreadPool;
extern const ServerModel kSelect;
extern const ServerModel kSelectLarge;
extern const ServerModel kPoll;
extern const ServerModel kEpoll;
extern const ServerModel kEpollMod;
extern const ServerModel kEpollEt;
extern const ServerModel kEpollEtNodrain;
extern const ServerModel kEpollOneshot;
extern const ServerModel kReactorPool;
extern const ServerModel kMultiReactor;
extern const ServerModel kPreforkEpoll;
extern const ServerModel kCoroutine;
extern const ServerModel kSelector;
extern const ServerModel kFiber;
extern const ServerModel kWorkStealing;
extern const ServerModel kSigio;
extern const ServerModel kIoUring;
extern const ServerModel kIoUringMultishot;

}  // namespace fanin::server
