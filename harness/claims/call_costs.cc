#include "harness/claims/call_costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "harness/claims/measure.h"

namespace fanin::harness {
namespace {

// How a model waits, if it does so in one thread over all its connections.
const std::map<std::string, std::string>& wait_kinds() {
  static const std::map<std::string, std::string> kKinds{{"select", "select"},  {"select-large", "select"},
                                                         {"poll", "poll"},      {"epoll", "epoll"},
                                                         {"epoll-et", "epoll"}, {"epoll-mod", "epoll"}};
  return kKinds;
}

std::optional<std::string> find_wait_kind(const ClaimSide& side) {
  const auto kind = wait_kinds().find(side.server.model);
  return kind == wait_kinds().end() || !side.server.args.empty() ? std::nullopt : std::optional(kind->second);
}

double count_watched(const ClaimSide& side) {
  return static_cast<double>(side.workload->all_connections()) + 1;  // and the listener
}

}  // namespace

CallCosts CallCosts::parse(const Json& output) {
  std::map<std::string, std::map<double, std::vector<double>>> times;
  for (const Json& run : output.is_object() ? output.value("benchmarks", Json::array()) : Json::array()) {
    const std::string name = run.value("run_name", "");
    std::array<char, 16> kind{};
    int count = 0;
    if (run.value("run_type", "") == "iteration" && !run.value("error_occurred", false) &&
        std::sscanf(name.c_str(), "wait/%15[a-z]/n:%d/active:1", kind.data(), &count) == 2) {
      times[kind.data()][count].push_back(read_benchmark_time(run));
    }
  }
  CallCosts costs;
  for (const auto& [kind, sizes] : times) {
    for (const auto& [count, values] : sizes) {
      costs.waits_[kind].push_back({count, statistics::median(values)});
    }
  }
  return costs;
}

CallCosts CallCosts::measure(const RoundContext& context, const std::vector<int>& allowed,
                             const std::vector<const ClaimCase*>& cases) {
  double most = 0;
  for (const ClaimCase* each : cases) {
    for (const ClaimSide* side : {each->base ? &*each->base : nullptr, &each->now}) {
      if (side != nullptr && find_wait_kind(*side)) {
        most = std::max(most, count_watched(*side));
      }
    }
  }
  if (most == 0 || context.programs.micro.empty()) {
    return {};
  }
  const char* const sizes = most <= 1000 ? "10|100|1000" : "10|100|1000|10000";
  return parse(run_benchmarks(context, allowed, fmt::format("^wait/(select|poll|epoll)/n:({})/active:1$", sizes), 3,
                              std::chrono::milliseconds(20))
                   .output);
}

std::optional<double> CallCosts::find_wait(const std::string& kind, double watched) const {
  const auto found = waits_.find(kind);
  if (found == waits_.end()) {
    return std::nullopt;
  }
  const std::vector<statistics::Point>& points = found->second;
  const auto above = std::find_if(points.begin(), points.end(),
                                  [watched](const statistics::Point& point) { return point.x >= watched; });
  if (above == points.end() || (above == points.begin() && above->x > watched)) {
    return std::nullopt;
  }
  if (above->x == watched) {
    return above->y;
  }
  const statistics::Point& below = *(above - 1);
  const double share = std::log(watched / below.x) / std::log(above->x / below.x);
  return below.y * std::pow(above->y / below.y, share);
}

std::optional<double> CallCosts::find_wait(const ClaimSide& side) const {
  const auto kind = find_wait_kind(side);
  return kind ? find_wait(*kind, count_watched(side)) : std::nullopt;
}

}  // namespace fanin::harness
