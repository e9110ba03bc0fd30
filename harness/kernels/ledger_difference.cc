#include "harness/kernels/ledger_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/kernels/ledger_cell.h"
#include "harness/kernels/subsystems.h"

namespace fanin::harness {
namespace {

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

// What decides how code is generated, and which checks and accounts each request pays for.
bool matters(std::string_view option) {
  constexpr std::string_view kPrefixes[] = {
      "AUDIT",      "BPF",         "BUG_ON",         "CALL_",        "CC_",        "CFI",         "CGROUP",
      "CONTEXT_",   "CPU_",        "DEBUG_",         "FAIR_GROUP",   "FORTIFY",    "FTRACE",      "FUNCTION_",
      "GENERIC_EN", "HARDENED_",   "HIGH_RES",       "HZ",           "INIT_ON_",   "INIT_STACK",  "IO_URING",
      "IRQ_TIME",   "JUMP_LABEL",  "KASAN",          "KFENCE",       "LIST_",      "LOCKDEP",     "LSM",
      "LTO",        "MEMCG",       "MITIGATION_",    "NETFILTER",    "NO_HZ",      "NUMA",        "PAGE_",
      "PARAVIRT",   "PERF_EVENTS", "PREEMPT",        "PSI",          "RANDOMIZE_", "RCU_",        "RETHUNK",
      "RETPOLINE",  "RSEQ",        "SCHED_",         "SECCOMP",      "SECURITY",   "SLAB",        "SLS",
      "SLUB",       "SMP",         "STACKPROTECTOR", "STATIC_",      "TICK_CPU",   "TRANSPARENT", "UBSAN",
      "UCLAMP",     "UNWINDER_",   "USER_NS",        "VIRT_CPU_ACC", "X86_KERNEL", "X86_USER_",   "ZERO_CALL"};
  option.remove_prefix(std::min(option.size(), std::string_view("CONFIG_").size()));
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return option.starts_with(prefix); });
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
  std::set<std::string> options;
  for (const Json* config : {&base, &now}) {
    for (const auto& [option, unused] : config->items()) {
      options.insert(option);
    }
  }
  ConfigDifference difference;
  for (const std::string& option : options) {
    const std::string was = base.value(option, "unset");
    const std::string is = now.value(option, "unset");
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

}  // namespace fanin::harness
