#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "servers/server.h"

namespace fanin {

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
};

// All models, in the order of the ladder.
std::span<const ServerModel> models();

// Throws std::invalid_argument that lists the known names.
const ServerModel& find_model(std::string_view name);

// One per file in models/; the table is made of these.
extern const ServerModel kProcess;
extern const ServerModel kThread;
extern const ServerModel kSelect;
extern const ServerModel kPoll;
extern const ServerModel kEpoll;

}  // namespace fanin
