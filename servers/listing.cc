#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "protocols/registry.h"
#include "servers/model.h"

namespace fanin::server {
namespace {

std::vector<std::string_view> list_protocols(const ServerModel& model) {
  std::vector<std::string_view> names;
  for (const protocols::Protocol& protocol : protocols::registry()) {
    if (model.carries(protocol)) {
      names.push_back(protocol.name);
    }
  }
  return names;
}

nlohmann::json concurrency_json(const ServerModel& model) {
  switch (model.serves) {
    case ServerModel::Serves::kOne:
      return 1;
    case ServerModel::Serves::kOnePerWorker:
      return workers_by_default(model);
    case ServerModel::Serves::kAll:
      break;
  }
  return nullptr;
}

std::optional<std::string> why_unsupported(const ServerModel& model) {
  return model.probe ? model.probe() : std::nullopt;
}

}  // namespace

std::string list_text() {
  std::string text = "models\n";
  for (const ServerModel& model : models()) {
    const auto reason = why_unsupported(model);
    const std::string options = model.takes.empty() ? "" : fmt::format(" (options: {})", model.takes);
    text += fmt::format("  {:<20} {}{}{}{}\n", model.name,
                        model.kind == ServerModel::Kind::kAntiPattern ? "[anti-pattern] " : "", model.summary, options,
                        reason ? fmt::format(" [not here: {}]", *reason) : "");
  }
  text += "protocols\n";
  for (const protocols::Protocol& protocol : protocols::registry()) {
    if (protocol.make_sessions != nullptr) {
      const std::string names = protocols::list_names(protocol.server_options);
      const std::string options = names.empty() ? "" : fmt::format(" (options: {})", names);
      text += fmt::format("  {:<20} {}{}\n", protocol.name, protocol.summary, options);
    }
  }
  return text;
}

std::string list_json() {
  nlohmann::json json{
      {"schema_version", 1}, {"models", nlohmann::json::array()}, {"protocols", nlohmann::json::array()}};
  for (const ServerModel& model : models()) {
    const auto reason = why_unsupported(model);
    json["models"].push_back(
        {{"name", model.name},
         {"summary", model.summary},
         {"kind", model.kind == ServerModel::Kind::kAntiPattern ? "anti-pattern" : "model"},
         {"supported", !reason},
         {"reason", reason ? nlohmann::json(*reason) : nlohmann::json()},
         {"family", model.family},
         {"options", model.takes},
         {"concurrency", concurrency_json(model)},
         {"threads", model.threads == ServerModel::Threads::kOne ? "one" : "many"},
         {"worker_processes", model.worker_processes},
         {"busy_when_idle", model.busy_when_idle},
         {"stalls", model.stalls},
         {"protocols", list_protocols(model)},
         {"max_descriptor", model.max_descriptor < 0 ? nlohmann::json() : nlohmann::json(model.max_descriptor)}});
  }
  for (const protocols::Protocol& protocol : protocols::registry()) {
    if (protocol.make_sessions != nullptr) {
      json["protocols"].push_back({{"name", protocol.name},
                                   {"summary", protocol.summary},
                                   {"options", protocols::list_names(protocol.server_options)}});
    }
  }
  return json.dump(2) + "\n";
}

}  // namespace fanin::server
