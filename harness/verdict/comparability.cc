#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "harness/verdict/compare.h"

namespace fanin::harness {
namespace {

struct Factor {
  const char* name;
  const char* what;
  const char* place;
};

constexpr std::array<Factor, 9> kFactors{{
    {"cpu", "CPU model", "/environment/start/cpu/model"},
    {"virtualisation", "hypervisor", "/environment/start/hypervisor"},
    {"kernel", "kernel", "/environment/start/kernel/release"},
    {"clocksource", "clocksource", "/environment/start/clocksource"},
    {"placement", "placement on CPUs", "/placement"},
    {"quota", "CPU quota", "/environment/start/cgroup/cpu_quota"},
    {"generator", "fanin-load binary", "/environment/start/binaries/fanin-load_sha256"},
    {"build", "build type", "/environment/start/build/build_type"},
    {"sanitizers", "sanitizers", "/environment/start/build/sanitizers"},
}};

// Keys that change from run to run by themselves, or that the factors cover.
constexpr std::array kVolatile{"/collected_at", "/load/",       "/memory/available_bytes", "/cgroup/cpu_statistics",
                               "/binaries/",    "/unreadable/", "/build/git_dirty"};

Json at(const Json& document, const char* place) {
  const Json::json_pointer pointer(place);
  return document.contains(pointer) ? document[pointer] : Json();
}

// What was asked of a cell, null where no round got so far. Its id says what was swept, not the rest, nor how long the
// windows were. Each round has its own seed of arrivals.
Json find_workload(const Json& run, const std::string& cell) {
  for (const Json& round : run.at("rounds")) {
    if (round.at("cell") == cell && round.at("load").is_object()) {
      Json workload = at(round, "/load/workload");
      workload.erase("seed");
      return workload;
    }
  }
  return nullptr;
}

// One difference is one line, however many cells have it.
struct WorkloadDifference {
  std::string text;
  std::string cell;  // the first that has it
  int more_cells = 0;
};

std::string workload_difference(const Json& a, const Json& b) {
  std::set<std::string> keys;
  for (const Json* workload : {&a, &b}) {
    for (const auto& [key, unused] : workload->items()) {
      keys.insert(key);
    }
  }
  std::vector<std::string> parts;
  for (const std::string& key : keys) {
    const Json was = a.value(key, Json());
    const Json is = b.value(key, Json());
    if (was != is) {
      parts.push_back(fmt::format("{} {} and {}", key, was.dump(), is.dump()));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::vector<std::string> factors() {
  std::vector<std::string> names;
  names.reserve(kFactors.size());
  for (const Factor& factor : kFactors) {
    names.emplace_back(factor.name);
  }
  return names;
}

std::vector<std::string> obstacles(const Json& base, const Json& now, const CompareOptions& options) {
  std::vector<std::string> found;
  for (const Factor& factor : kFactors) {
    const Json a = at(base, factor.place);
    const Json b = at(now, factor.place);
    if (a != b && std::find(options.vary.begin(), options.vary.end(), factor.name) == options.vary.end()) {
      found.push_back(fmt::format("{} differs: {} and {}: give --vary {} if it is meant to", factor.what, a.dump(),
                                  b.dump(), factor.name));
    }
  }
  bool common = false;
  std::vector<WorkloadDifference> workloads;
  for (const Json& cell : base.at("cells")) {
    const std::string id = cell.at("id").get<std::string>();
    const Json a = find_workload(base, id);
    const Json b = find_workload(now, id);
    common = common || (!a.is_null() && !b.is_null());
    if (a.is_null() || b.is_null() || a == b) {
      continue;
    }
    if (a["loop"] != b["loop"]) {  // said apart: a rate means one thing in an open loop and another in a closed one
      found.push_back(fmt::format("loop of {} differs: {} and {}", id, a["loop"].dump(), b["loop"].dump()));
    } else {
      const std::string difference = workload_difference(a, b);
      const auto known = std::find_if(workloads.begin(), workloads.end(),
                                      [&](const WorkloadDifference& other) { return other.text == difference; });
      if (known != workloads.end()) {
        ++known->more_cells;
      } else {
        workloads.push_back({difference, id, 0});
      }
    }
  }
  for (const WorkloadDifference& each : workloads) {
    const std::string more =
        each.more_cells > 0 ? fmt::format(" and of {} more cell{}", each.more_cells, each.more_cells == 1 ? "" : "s")
                            : "";
    found.push_back(fmt::format("workload of {}{} differs: {}", each.cell, more, each.text));
  }
  if (!common) {
    found.emplace_back("the runs have no measured cell in common");
  }
  return found;
}

std::vector<std::string> environment_differences(const Json& base, const Json& now) {
  const Json a = at(base, "/environment/start").flatten();
  const Json b = at(now, "/environment/start").flatten();
  std::vector<std::string> lines;
  const auto is_volatile = [](const std::string& key) {
    return std::any_of(kVolatile.begin(), kVolatile.end(), [&](const char* start) { return key.rfind(start, 0) == 0; });
  };
  const auto note = [&](const std::string& key, const Json& was, const Json& is) {
    if (!is_volatile(key) && was != is) {
      lines.push_back(fmt::format("{}: {} -> {}", key.substr(1), was.dump(), is.dump()));
    }
  };
  for (const auto& [key, value] : a.items()) {
    note(key, value, b.contains(key) ? b[key] : Json());
  }
  for (const auto& [key, value] : b.items()) {
    if (!a.contains(key)) {
      note(key, Json(), value);
    }
  }
  return lines;
}

}  // namespace fanin::harness
