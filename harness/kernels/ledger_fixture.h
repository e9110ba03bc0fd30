#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/kernels/ledger_difference.h"

// Ledgers by hand, for tests.
namespace fanin::harness {

// A frame of "paths": the index of its caller (-1: none), name, instructions of its own.
using Frame = std::tuple<int, std::string, std::uint64_t>;

inline Json make_paths(const std::vector<Frame>& frames) {
  std::vector<std::string> names;
  Json nodes = Json::array();
  for (const auto& [parent, name, instructions] : frames) {
    nodes.push_back(Json::array({parent, names.size(), 0, instructions}));
    names.push_back(name);
  }
  return Json::object({{"names", names}, {"nodes", nodes}});
}

// A cell of the server alone, all in a system call.
inline Json make_counted_cell(const std::string& id, const std::string& kernel, const std::vector<Frame>& frames,
                              std::uint64_t requests = 10) {
  std::map<std::string, std::uint64_t> by_name;
  std::uint64_t total = 0;
  for (const auto& [parent, name, instructions] : frames) {
    by_name[name] += instructions;
    total += instructions;
  }
  Json functions = Json::array();
  for (const auto& [name, instructions] : by_name) {
    if (instructions > 0) {
      functions.push_back({{"name", name},
                           {"program", "server"},
                           {"context", "syscall"},
                           {"subsystem", "other"},
                           {"instructions", instructions}});
    }
  }
  Json cell = Json::object({{"id", id}, {"kernel", kernel}, {"status", "ok"}, {"reason", nullptr}});
  const auto slash = id.find('/');
  cell["experiment"] = id.substr(0, slash);
  cell["server"] = id.substr(slash + 1, id.rfind('/') - slash - 1);
  cell["parameter"] = "connections";
  cell["value"] = std::stoi(id.substr(id.rfind('/') + 1));
  cell["requests"] = requests;
  cell["instructions"] = total;
  cell["instructions_per_request"] = static_cast<double>(total) / static_cast<double>(requests);
  cell["split"] = Json::array({{{"program", "server"}, {"context", "syscall"}, {"instructions", total}}});
  cell["functions"] = functions;
  cell["paths"] = make_paths(frames);
  cell["switches"] = {{"server", requests}, {"generator", requests}, {"kernel", 0}, {"init", 0}};
  cell["memory"] = nullptr;
  return cell;
}

// A cell without counts.
inline Json make_uncounted_cell(const std::string& id, const std::string& kernel, const char* status,
                                const char* reason) {
  Json cell = make_counted_cell(id, kernel, {{-1, "f", 1}});
  for (const char* key :
       {"requests", "instructions", "instructions_per_request", "split", "functions", "paths", "switches"}) {
    cell[key] = nullptr;
  }
  cell["status"] = status;
  cell["reason"] = reason;
  return cell;
}

inline Json make_kernel(const std::string& name, const Json& config = Json::object()) {
  return {{"name", name},
          {"request", "debian:" + name},
          {"version", name},
          {"image_sha256", std::string(64, 'a')},
          {"command_line", "quiet"},
          {"config", config},
          {"check", nullptr}};
}

// An entry of "other_seeds" with the counts of a cell.
inline Json make_total(const Json& cell, std::uint64_t seed) {
  Json total{{"seed", seed}};
  for (const char* key : {"id", "kernel", "status", "reason", "requests", "instructions", "switches"}) {
    total[key] = cell.at(key);
  }
  return total;
}

// `environment` stands for the one of a run.
inline Json make_ledger(const std::vector<Json>& kernels, const std::vector<Json>& cells,
                        const Json& environment = Json::object()) {
  return {{"schema", "fanin-ledger"},
          {"schema_version", 2},
          {"suite", "kernels"},
          {"seed", 1},
          {"environment", environment},
          {"qemu", {{"version", "7.2.22"}}},
          {"window", {{"skip", 2}, {"count", 10}}},
          {"kernels", kernels},
          {"cells", cells},
          {"differences", make_differences(kernels, cells)}};
}

}  // namespace fanin::harness
