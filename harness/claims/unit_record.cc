#include "harness/claims/unit_record.h"

namespace fanin::harness {
namespace {

ArmRecord parse_arm(const JsonReader& reader) {
  reader.only_keys({"status", "reason", "metrics"});
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
  reader.only_keys({"case", "unit", "seconds", "interleaved", "arms"});
  UnitRecord record;
  record.case_id = reader.at("case").text();
  record.unit = static_cast<std::size_t>(reader.at("unit").integer(0, 1'000'000));
  record.seconds = reader.at("seconds").number();
  record.interleaved = reader.at("interleaved").boolean();
  const JsonReader arms = reader.at("arms");
  for (const JsonReader& arm : arms.items()) {
    record.arms.push_back(parse_arm(arm));
  }
  constexpr std::size_t kArms = 3;
  if (record.arms.size() != 1 && record.arms.size() != kArms) {
    arms.fail("must hold one arm or three");
  }
  return record;
}

}  // namespace fanin::harness
