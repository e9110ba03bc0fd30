#include "harness/ab/false_alarms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace fanin::harness {

std::string machine_text(const Json& environment) {
  const auto text = [&](const char* place) {
    const Json::json_pointer pointer(place);
    const Json value = environment.contains(pointer) ? environment.at(pointer) : Json();
    return value.is_string() ? value.get<std::string>() : std::string("unknown");
  };
  return fmt::format("{}, Linux {}", text("/cpu/model"), text("/kernel/release"));
}

std::string describe_false_alarms(const std::string& path, const Json& environment) {
  const Json document = std::filesystem::exists(path) ? load_json(path) : Json();
  const Json::json_pointer place("/summary/false_alarms");
  if (!document.contains(place) || document.at(place).is_null()) {
    return "not measured: fanin selftest does";
  }
  const Json& alarms = document.at(place);
  const auto machines = document.at("machines").get<std::vector<std::string>>();
  const std::string here = machine_text(environment);
  const bool is_known = std::find(machines.begin(), machines.end(), here) != machines.end();
  return fmt::format("{} of {} A/A comparisons of fanin selftest (at most {:.2g} % at 95 %), on {}{}",
                     alarms.at("count").get<std::int64_t>(), alarms.at("of").get<std::int64_t>(),
                     document.at("summary").at("false_alarms_at_most").get<double>() * 100,
                     fmt::join(machines, " and "), is_known ? "" : "; this is " + here);
}

}  // namespace fanin::harness
