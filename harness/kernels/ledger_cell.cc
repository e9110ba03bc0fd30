#include "harness/kernels/ledger_cell.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "harness/kernels/subsystems.h"

namespace fanin::harness {
namespace {

bool is_one_of(std::string_view function, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), function) != names.end();
}

// The tree with one node for each function under one caller: blocks of one user function become one, under kUserRoot.
class PathTree {
 public:
  std::int64_t add(std::int64_t parent, const std::string& name, Program program, std::uint64_t instructions) {
    const auto number = names_.emplace(name, names_.size()).first->second;
    const auto [place, is_new] = index_.emplace(std::tuple(parent, number, program), nodes_.size());
    if (is_new) {
      nodes_.push_back({parent, number, program, 0});
    }
    nodes_[place->second].instructions += instructions;
    return static_cast<std::int64_t>(place->second);
  }

  Json to_json() const {
    std::vector<std::string> names(names_.size());
    for (const auto& [name, number] : names_) {
      names[number] = name;
    }
    Json nodes = Json::array();
    for (const Node& node : nodes_) {
      nodes.push_back(Json::array({node.parent, node.name, static_cast<std::size_t>(node.program), node.instructions}));
    }
    return Json::object({{"names", names}, {"nodes", nodes}});
  }

 private:
  struct Node {
    std::int64_t parent = -1;
    std::size_t name = 0;
    Program program = Program::kKernel;
    std::uint64_t instructions = 0;
  };

  std::map<std::string, std::size_t> names_;
  std::map<std::tuple<std::int64_t, std::size_t, Program>, std::size_t> index_;
  std::vector<Node> nodes_;
};

using Split = std::map<std::pair<Program, Context>, std::uint64_t>;
using Functions = std::map<std::tuple<std::string, Program, Context>, std::uint64_t>;

Json split_to_json(const Split& split) {
  Json rows = Json::array();
  for (const auto& [key, instructions] : split) {
    rows.push_back({{"program", program_name(key.first)},
                    {"context", kContextNames.at(static_cast<std::size_t>(key.second))},
                    {"instructions", instructions}});
  }
  return rows;
}

// The largest first.
Json functions_to_json(const Functions& functions) {
  std::vector<Functions::const_pointer> order;
  for (const auto& each : functions) {
    order.push_back(&each);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->second > b->second; });
  Json rows = Json::array();
  for (const auto* each : order) {
    const auto& [name, program, context] = each->first;
    rows.push_back({{"name", name},
                    {"program", program_name(program)},
                    {"context", kContextNames.at(static_cast<std::size_t>(context))},
                    {"subsystem", context == Context::kUser ? kUserCode : subsystem_of(name)},
                    {"instructions", each->second}});
  }
  return rows;
}

Json switches_to_json(const RawCell& cell) {
  Json switches = Json::object();
  for (std::size_t i = 0; i < kProgramNames.size(); ++i) {
    const auto found = cell.switches.find(static_cast<Program>(i));
    switches[std::string(kProgramNames[i])] = found == cell.switches.end() ? 0 : found->second;
  }
  return switches;
}

}  // namespace

Context context_below(Context caller, std::string_view function) {
  if (function == "__schedule") {
    return Context::kScheduler;
  }
  if (is_one_of(function, {"handle_softirqs", "__do_softirq"})) {
    return Context::kSoftirq;
  }
  if (function.starts_with("asm_sysvec_") || function.starts_with("asm_exc_") ||
      is_one_of(function, {"asm_common_interrupt", "asm_spurious_interrupt", "irq_entries_start"})) {
    return Context::kInterrupt;
  }
  if (is_one_of(function, {"entry_SYSCALL_64", "do_syscall_64"})) {
    return Context::kSyscall;
  }
  if (is_one_of(function, {"cpu_startup_entry", "do_idle", "default_idle_call"})) {
    return Context::kIdle;
  }
  return caller;
}

Context context_at_root(Program program) { return program == Program::kKernel ? Context::kThread : Context::kSyscall; }

Json ledger_cell(const RawCell& cell, const KernelSymbols& symbols, const UserNames& user_name) {
  PathTree tree;
  Split split;
  Functions functions;
  std::vector<std::pair<std::int64_t, Context>> done;  // of each raw node: its place in the tree, and its context
  for (const RawNode& node : cell.nodes) {
    const std::string name = node.user ? user_name(node.program, node.address) : symbols.name_of(node.address);
    std::int64_t parent = -1;
    Context context = Context::kUser;
    if (node.user) {
      parent = tree.add(-1, std::string(kUserRoot), node.program, 0);
    } else if (node.parent < 0) {
      context = context_below(context_at_root(node.program), name);
    } else {
      parent = done[static_cast<std::size_t>(node.parent)].first;
      context = context_below(done[static_cast<std::size_t>(node.parent)].second, name);
    }
    done.emplace_back(tree.add(parent, name, node.program, node.count), context);
    if (node.count > 0) {
      split[{node.program, context}] += node.count;
      functions[{name, node.program, context}] += node.count;
    }
  }
  Json result = Json::object();
  result["requests"] = cell.requests;
  result["instructions"] = cell.total;
  result["instructions_per_request"] =
      cell.requests == 0 ? Json() : Json(static_cast<double>(cell.total) / static_cast<double>(cell.requests));
  result["split"] = split_to_json(split);
  result["functions"] = functions_to_json(functions);
  result["paths"] = tree.to_json();
  result["switches"] = switches_to_json(cell);
  return result;
}

}  // namespace fanin::harness
