#include "harness/claims/claim_metric.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/analysis/summary.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

const Metric& find_row(const JsonReader& reader, const std::string& name) {
  std::vector<std::string> names;
  for (const Metric& row : metrics()) {
    if (row.name == name) {
      return row;
    }
    names.push_back(row.name);
  }
  reader.fail(fmt::format("there is no metric '{}': {}", os::printable(name, kLongestName),
                          os::suggest(name, names, "results/schema/metrics.json lists them")));
}

}  // namespace

ClaimMetric ClaimMetric::parse(const JsonReader& reader) {
  const std::string name = reader.text();
  const std::size_t at = name.find('@');
  const Metric& row = find_row(reader, name.substr(0, at));
  if (at != std::string::npos && !is_by_class(row)) {
    reader.fail(fmt::format("'{}' is not known by class: name {}", row.name, list_metrics_by_class()));
  }
  return {name, row.name, at == std::string::npos ? "" : name.substr(at + 1), row.unit};
}

void ClaimMetric::check_class(const JsonReader& reader, const Json& workload) const {
  const Json mix = workload.value("mix", Json::array());
  const auto is_it = [&](const Json& each) { return each.value("name", "") == of_class; };
  if (name.find('@') != std::string::npos && std::none_of(mix.begin(), mix.end(), is_it)) {
    reader.fail(fmt::format("the workload's 'mix' has no class with the name '{}'", os::printable(of_class, 100)));
  }
}

Json ClaimMetric::read(const Json& round) const { return metric_of(round, name); }

bool ClaimMetric::is_of_one_server() const {
  const auto& places = find_metric(row).sources.front().places;
  return std::none_of(places.begin(), places.end(),
                      [](const std::string& place) { return place.starts_with("/machine/"); });
}

}  // namespace fanin::harness
