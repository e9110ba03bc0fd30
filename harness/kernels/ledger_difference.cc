#include "harness/kernels/ledger_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "harness/kernels/ledger_cell.h"
#include "harness/kernels/subsystems.h"

namespace fanin::harness {
namespace {

constexpr std::string_view kConfig = "CONFIG_";

// Finds or adds the entry of a name.
CountChange& entry(std::vector<CountChange>& changes, const std::string& name) {
  const auto found =
      std::find_if(changes.begin(), changes.end(), [&](const CountChange& each) { return each.name == name; });
  return found != changes.end() ? *found : changes.emplace_back(CountChange{name});
}

std::vector<CountChange> compare_parts(const Json& base, const Json& now) {
  std::vector<CountChange> parts;
  for (const std::string_view program : kProgramNames) {
    for (const std::string_view context : kContextNames) {
      parts.push_back({fmt::format("{} {}", program, context)});
    }
  }
  const auto name = [](const Json& part) {
    return fmt::format("{} {}", part.at("program").get<std::string>(), part.at("context").get<std::string>());
  };
  for (const Json& part : base.at("split")) {
    entry(parts, name(part)).base += part.at("instructions").get<std::uint64_t>();
  }
  for (const Json& part : now.at("split")) {
    entry(parts, name(part)).now += part.at("instructions").get<std::uint64_t>();
  }
  std::erase_if(parts, [](const CountChange& part) { return part.base == 0 && part.now == 0; });
  return parts;
}

// Of the rows, not of the functions: one that was renamed is in one subsystem.
std::vector<CountChange> sum_subsystems(const std::vector<FunctionChange>& functions) {
  std::vector<CountChange> subsystems;
  subsystems.reserve(kSubsystems.size());
  for (const std::string_view name : kSubsystems) {
    subsystems.push_back({std::string(name)});
  }
  for (const FunctionChange& function : functions) {
    CountChange& subsystem = entry(subsystems, std::string(function.subsystem));
    subsystem.base += function.base;
    subsystem.now += function.now;
  }
  std::erase_if(subsystems, [](const CountChange& each) { return each.base == 0 && each.now == 0; });
  return subsystems;
}

// Linux 6.9 gave the options of mitigations a common prefix: RETPOLINE is MITIGATION_RETPOLINE, CPU_SRSO
// MITIGATION_SRSO.
std::string rename_option(const std::string& option) {
  constexpr std::string_view kRenamed[] = {
      "RETPOLINE",      "RETHUNK",        "SLS",      "PAGE_TABLE_ISOLATION", "CPU_UNRET_ENTRY",
      "CPU_IBPB_ENTRY", "CPU_IBRS_ENTRY", "CPU_SRSO", "GDS_FORCE_MITIGATION", "CALL_DEPTH_TRACKING"};
  std::string_view name = option;
  name.remove_prefix(std::min(name.size(), kConfig.size()));
  if (std::find(std::begin(kRenamed), std::end(kRenamed), name) == std::end(kRenamed)) {
    return option;
  }
  name.remove_prefix(name.starts_with("CPU_") ? 4 : 0);
  return fmt::format("{}MITIGATION_{}", kConfig, name);
}

// What decides how code is generated, and which checks and accounts each request pays for. A name that ends in "=" is
// whole, the others are beginnings.
bool matters(std::string_view option) {
  constexpr std::string_view kNames[] = {"AUDIT",
                                         "BPF_JIT",
                                         "BUG_ON_",
                                         "CALL_PADDING=",
                                         "CC_OPTIMIZE",
                                         "CFI",
                                         "CGROUP_",
                                         "CONTEXT_",
                                         "CPU_MITIG",
                                         "DEBUG_LIST",
                                         "DEBUG_PREEMPT",
                                         "DEBUG_VM",
                                         "FAIR_GROUP",
                                         "FORTIFY",
                                         "GENERIC_ENTRY",
                                         "HARDENED_",
                                         "HIGH_RES",
                                         "HZ",
                                         "INIT_ON_",
                                         "INIT_STACK",
                                         "IO_URING",
                                         "IRQ_TIME",
                                         "JUMP_LABEL=",
                                         "KASAN=",
                                         "KFENCE=",
                                         "LIST_HARD",
                                         "LOCKDEP=",
                                         "LSM=",
                                         "LTO_",
                                         "MEMCG",
                                         "MITIGATION_",
                                         "NETFILTER=",
                                         "NO_HZ",
                                         "NUMA=",
                                         "NUMA_BAL",
                                         "PARAVIRT",
                                         "PREEMPT",
                                         "PSI",
                                         "RANDOMIZE_KSTACK",
                                         "RCU_LAZY",
                                         "RSEQ",
                                         "SCHED_",
                                         "SECCOMP",
                                         "SECURITY_IPE=",
                                         "SECURITY=",
                                         "SECURITY_APP",
                                         "SLAB_",
                                         "SLUB_",
                                         "SMP=",
                                         "STACKPROTECTOR",
                                         "TICK_CPU",
                                         "TRANSPARENT_HUGEPAGE=",
                                         "UBSAN=",
                                         "UCLAMP",
                                         "VIRT_CPU_ACC",
                                         "X86_KERNEL_IBT=",
                                         "X86_USER_SHADOW_STACK=",
                                         "ZERO_CALL"};
  option.remove_prefix(std::min(option.size(), kConfig.size()));
  return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view name) {
    return name.ends_with('=') ? option == name.substr(0, name.size() - 1) : option.starts_with(name);
  });
}

Json list_rows(const CellDifference& difference) {
  Json rows = Json::array();
  for (const FunctionChange& row : difference.functions) {
    rows.push_back({{"name", row.label()}, {"subsystem", row.subsystem}, {"base", row.base}, {"now", row.now}});
  }
  return rows;
}

std::map<std::string, std::string> list_options(const Json& config) {
  std::map<std::string, std::string> options;
  for (const auto& [option, value] : config.items()) {
    options.emplace(rename_option(option), value.get<std::string>());
  }
  return options;
}

}  // namespace

double CellDifference::per_request_of_base(std::uint64_t count) const {
  return static_cast<double>(count) / static_cast<double>(base_requests);
}

double CellDifference::per_request_of_now(std::uint64_t count) const {
  return static_cast<double>(count) / static_cast<double>(now_requests);
}

double CellDifference::change(std::uint64_t base, std::uint64_t now) const {
  __extension__ using Wide = __int128;
  const Wide difference = static_cast<Wide>(now) * base_requests - static_cast<Wide>(base) * now_requests;
  return static_cast<double>(difference) / (static_cast<double>(base_requests) * static_cast<double>(now_requests));
}

CellDifference compare_ledger_cells(const Json& base, const Json& now) {
  CellDifference difference;
  difference.cell = base.at("id").get<std::string>();
  difference.base_kernel = base.at("kernel").get<std::string>();
  difference.now_kernel = now.at("kernel").get<std::string>();
  difference.base_requests = base.at("requests").get<std::uint64_t>();
  difference.now_requests = now.at("requests").get<std::uint64_t>();
  difference.total = {"total", base.at("instructions").get<std::uint64_t>(),
                      now.at("instructions").get<std::uint64_t>()};
  difference.parts = compare_parts(base, now);
  for (const std::string_view program : kProgramNames) {
    const std::string name(program);
    difference.switches.push_back(
        {name, base.at("switches").at(name).get<std::uint64_t>(), now.at("switches").at(name).get<std::uint64_t>()});
  }
  difference.functions =
      fold_functions({base.at("paths"), difference.base_requests}, {now.at("paths"), difference.now_requests});
  difference.subsystems = sum_subsystems(difference.functions);
  const auto size = [&difference](const FunctionChange& each) {
    return std::abs(difference.change(each.base, each.now));
  };
  std::sort(difference.functions.begin(), difference.functions.end(),
            [&size](const FunctionChange& a, const FunctionChange& b) {
              return size(a) != size(b) ? size(a) > size(b) : a.name < b.name;
            });
  return difference;
}

ConfigDifference compare_configs(const Json& base, const Json& now) {
  constexpr const char* kUnset = "unset";
  const auto before = list_options(base);
  const auto after = list_options(now);
  std::map<std::string, std::pair<std::string, std::string>> options;
  for (const auto& [option, value] : before) {
    options[option] = {value, kUnset};
  }
  for (const auto& [option, value] : after) {
    options.try_emplace(option, kUnset, "").first->second.second = value;
  }
  ConfigDifference difference;
  for (const auto& [option, values] : options) {
    const auto& [was, is] = values;
    if (was == is) {
      continue;
    }
    if (matters(option)) {
      difference.matter.push_back(fmt::format("{}: {} -> {}", option, was, is));
    } else {
      ++difference.others;
    }
  }
  return difference;
}

Json make_differences(const Json& kernels, const Json& cells) {
  std::map<std::string, std::map<std::string, const Json*>> counted;  // by kernel and ID
  for (const Json& cell : cells) {
    if (cell.at("status") == "ok") {
      counted[cell.at("kernel").get<std::string>()][cell.at("id").get<std::string>()] = &cell;
    }
  }
  const Json& first = kernels.front();
  const auto& base_cells = counted[first.at("name").get<std::string>()];
  Json differences = Json::array();
  for (std::size_t i = 1; i < kernels.size(); ++i) {
    Json compared = Json::array();
    for (const auto& [id, now] : counted[kernels[i].at("name").get<std::string>()]) {
      if (const auto base = base_cells.find(id); base != base_cells.end()) {
        compared.push_back({{"id", id}, {"functions", list_rows(compare_ledger_cells(*base->second, *now))}});
      }
    }
    const ConfigDifference config = compare_configs(first.at("config"), kernels[i].at("config"));
    differences.push_back({{"base", first.at("name")},
                           {"kernel", kernels[i].at("name")},
                           {"configuration", {{"matter", config.matter}, {"others", config.others}}},
                           {"cells", std::move(compared)}});
  }
  return differences;
}

}  // namespace fanin::harness
