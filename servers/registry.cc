#include <fmt/format.h>

#include <set>
#include <stdexcept>
#include <vector>

#include "servers/model.h"

namespace fanin {
namespace {

std::vector<ServerModel> checked(std::vector<ServerModel> table) {
  std::set<std::string_view> names;
  for (const ServerModel& model : table) {
    if (model.name.empty() || model.summary.empty() || model.run == nullptr || !names.insert(model.name).second) {
      throw std::logic_error(fmt::format("the model table has a broken row '{}'", model.name));
    }
  }
  return table;
}

}  // namespace

std::span<const ServerModel> models() {
  static const std::vector<ServerModel> table = checked({kProcess, kThread, kSelect, kPoll, kEpoll});
  return table;
}

const ServerModel& find_model(std::string_view name) {
  std::vector<std::string_view> names;
  for (const ServerModel& model : models()) {
    if (model.name == name) {
      return model;
    }
    names.push_back(model.name);
  }
  throw std::invalid_argument(fmt::format("unknown model '{}': choose one of {}", name, fmt::join(names, ", ")));
}

}  // namespace fanin
