#include "harness/claims/claim_metric.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/analysis/summary.h"
#include "os/command_line.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr std::string_view kClaimedThroughput = "throughput_per_s";
constexpr std::string_view kResponse = "/load/latency/response/";

// Percentiles of the response time, and throughput; a server's CPU time and memory are of all its requests.
bool is_known_by_class(const Metric& row) {
  return row.name == kClaimedThroughput ||
         (row.places.size() == 1 && row.places.front().to_string().starts_with(kResponse));
}

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

// The class's share of the requests that were answered in the window.
Json read_throughput(const Json& round, const Json& classes, const Json& of_class) {
  double all = 0;
  for (const Json& each : classes) {
    all += each.at("completed").get<double>();
  }
  const Json total = metric_of(round, std::string(kClaimedThroughput));
  return total.is_number() && all > 0 ? Json(total.get<double>() * of_class.at("completed").get<double>() / all)
                                      : Json(nullptr);
}

}  // namespace

ClaimMetric ClaimMetric::parse(const JsonReader& reader) {
  const std::string name = reader.text();
  const std::size_t at = name.find('@');
  const Metric& row = find_row(reader, name.substr(0, at));
  if (at != std::string::npos && !is_known_by_class(row)) {
    reader.fail(fmt::format("'{}' is not known by class: name a percentile of the response time, or {}", row.name,
                            kClaimedThroughput));
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

Json ClaimMetric::read(const Json& round) const {
  if (of_class.empty()) {
    return metric_of(round, row);
  }
  const Json::json_pointer place("/load/classes");
  if (!round.contains(place) || !round.at(place).is_array()) {
    return nullptr;
  }
  const Json& classes = round.at(place);
  const auto found =
      std::find_if(classes.begin(), classes.end(), [&](const Json& each) { return each.at("name") == of_class; });
  if (found == classes.end()) {
    return nullptr;
  }
  if (row == kClaimedThroughput) {
    return read_throughput(round, classes, *found);
  }
  const std::string of_all = find_metric(row).places.front().to_string();
  const Json::json_pointer below("/response/" + of_all.substr(kResponse.size()));
  return found->contains(below) ? found->at(below) : Json(nullptr);
}

bool ClaimMetric::is_of_one_server() const {
  const auto& places = find_metric(row).places;
  return std::none_of(places.begin(), places.end(),
                      [](const Json::json_pointer& place) { return place.to_string().starts_with("/machine/"); });
}

}  // namespace fanin::harness
