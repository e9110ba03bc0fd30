#include "harness/verdict/drift_table.h"

#include <algorithm>

#include "harness/suite/schema.h"

namespace fanin::harness {

const DriftTable& DriftTable::shipped() {
  static const Json kDocument = Json::parse(schema_text("drift-table"));
  static const DriftTable kTable(kDocument);
  return kTable;
}

Drift DriftTable::find(const std::string& metric, bool is_interleaved) const {
  const Json& of_design = document_.at(is_interleaved ? "interleaved" : "rounds");
  const auto deviation = [&](const char* key) {
    const Json& deviations = of_design.at(key);
    const auto known = deviations.find(metric);
    return (known != deviations.end() ? known : std::max_element(deviations.begin(), deviations.end()))->get<double>();
  };
  return {deviation("log_deviations"), deviation("ratio_log_deviations")};
}

}  // namespace fanin::harness
