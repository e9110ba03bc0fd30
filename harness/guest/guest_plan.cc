#include "harness/guest/guest_plan.h"

#include <nlohmann/json.hpp>

namespace fanin::guest {

using PlanJson = nlohmann::json;

std::string format_plan(const GuestPlan& plan) {
  PlanJson cells = PlanJson::array();
  for (const GuestCell& cell : plan.cells) {
    cells.push_back({{"server", cell.server}, {"generator", cell.generator}});
  }
  const PlanJson document{
      {"sends_symbols", plan.sends_symbols}, {"sysctls", plan.sysctls}, {"cells", cells}, {"run", plan.run}};
  return document.dump(1) + "\n";
}

GuestPlan parse_plan(std::string_view text) {
  const PlanJson document = PlanJson::parse(text);
  GuestPlan plan;
  plan.sends_symbols = document.at("sends_symbols").get<bool>();
  plan.sysctls = document.at("sysctls").get<std::map<std::string, std::string>>();
  for (const PlanJson& cell : document.at("cells")) {
    plan.cells.push_back(
        {cell.at("server").get<std::vector<std::string>>(), cell.at("generator").get<std::vector<std::string>>()});
  }
  plan.run = document.at("run").get<std::vector<std::string>>();
  return plan;
}

}  // namespace fanin::guest
