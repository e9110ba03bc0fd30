#include "servers/listing.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "protocols/registry.h"
#include "servers/model.h"

namespace fanin {
namespace {

std::vector<std::string_view> served_protocols() {
  std::vector<std::string_view> names;
  for (const Protocol& protocol : protocols()) {
    if (protocol.make_sessions != nullptr) {
      names.push_back(protocol.name);
    }
  }
  return names;
}

std::optional<std::string> why_unsupported(const ServerModel& model) {
  return model.probe ? model.probe() : std::nullopt;
}

}  // namespace

std::string list_text() {
  std::string text = "models\n";
  for (const ServerModel& model : models()) {
    const auto reason = why_unsupported(model);
    text += fmt::format("  {:<20} {}{}{}\n", model.name, model.kind == ServerModel::Kind::kExhibit ? "[exhibit] " : "",
                        model.summary, reason ? fmt::format(" [not here: {}]", *reason) : "");
  }
  text += "protocols\n";
  for (const Protocol& protocol : protocols()) {
    if (protocol.make_sessions != nullptr) {
      text += fmt::format("  {:<20} {}\n", protocol.name, protocol.summary);
    }
  }
  return text;
}

nlohmann::json list_json() {
  nlohmann::json json{
      {"schema_version", 1}, {"models", nlohmann::json::array()}, {"protocols", nlohmann::json::array()}};
  for (const ServerModel& model : models()) {
    const auto reason = why_unsupported(model);
    json["models"].push_back(
        {{"name", model.name},
         {"summary", model.summary},
         {"kind", model.kind == ServerModel::Kind::kExhibit ? "exhibit" : "model"},
         {"supported", !reason},
         {"reason", reason ? nlohmann::json(*reason) : nlohmann::json()},
         {"protocols", served_protocols()},
         {"max_descriptor", model.max_descriptor < 0 ? nlohmann::json() : nlohmann::json(model.max_descriptor)}});
  }
  for (const Protocol& protocol : protocols()) {
    if (protocol.make_sessions != nullptr) {
      json["protocols"].push_back({{"name", protocol.name}, {"summary", protocol.summary}});
    }
  }
  return json;
}

}  // namespace fanin
