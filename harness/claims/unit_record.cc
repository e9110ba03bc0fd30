#include "harness/claims/unit_record.h"

#include "harness/suite/schema.h"

namespace fanin::harness {
namespace {

ArmRecord parse_arm(const JsonReader& reader) {
  ArmRecord arm{reader.at("status").text(), "", {}};
  if (const JsonReader reason = reader.at("reason"); !reason.value().is_null()) {
    arm.reason = reason.text();
  }
  const JsonReader metrics = reader.at("metrics");
  for (const auto& [name, unused] : metrics.value().items()) {
    arm.metrics.emplace(name, metrics.at(name).number());
  }
  return arm;
}

}  // namespace

std::optional<double> ArmRecord::find(const std::string& metric) const {
  const auto found = metrics.find(metric);
  return found == metrics.end() ? std::nullopt : std::optional(found->second);
}

Json UnitRecord::to_json() const {
  Json json{
      {"case", case_id}, {"unit", unit}, {"seconds", seconds}, {"interleaved", interleaved}, {"arms", Json::array()}};
  for (const ArmRecord& arm : arms) {
    json["arms"].push_back({{"status", arm.status},
                            {"reason", arm.reason.empty() ? Json(nullptr) : Json(arm.reason)},
                            {"metrics", arm.metrics}});
  }
  return json;
}

UnitRecord UnitRecord::parse(const JsonReader& reader) {
  check_schema(reader, "claims-unit");
  UnitRecord record;
  record.case_id = reader.at("case").text();
  record.unit = static_cast<std::size_t>(reader.at("unit").value().get<std::int64_t>());
  record.seconds = reader.at("seconds").number();
  record.interleaved = reader.at("interleaved").boolean();
  for (const JsonReader& arm : reader.at("arms").items()) {
    record.arms.push_back(parse_arm(arm));
  }
  return record;
}

}  // namespace fanin::harness
