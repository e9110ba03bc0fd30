#include "harness/kernels/folding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "harness/kernels/ledger_cell.h"
#include "harness/kernels/subsystems.h"

namespace fanin::harness {
namespace {

using SideCounts = std::array<double, 2>;  // per request, base and new
constexpr std::array<std::size_t, 2> kSides{0, 1};

// A node of one side's tree, and the row that its instructions are shown in.
struct FoldedNode {
  std::int64_t parent = -1;
  std::size_t row = 0;
  std::string name;
  std::uint64_t instructions = 0;
};

struct FoldedRow {
  std::string name;
  bool user = false;
  std::string_view subsystem;
};

class Folder {
 public:
  Folder(const CountedPaths& base, const CountedPaths& now) {
    add_side(0, base);
    add_side(1, now);
  }

  void fold() {
    // Each round may give the next one callers in common. A fold removes a row, so it ends.
    while (pair_equal_counts() || fold_inlined()) {
    }
  }
  std::vector<FunctionChange> changes() const;

 private:
  // The rows above a row, on one side: caller -> instructions per request of the row below it; kNoRow: no caller.
  using Callers = std::map<std::size_t, double>;
  static constexpr std::size_t kNoRow = static_cast<std::size_t>(-1);

  void add_side(std::size_t side, const CountedPaths& counted);
  std::size_t row_of(const std::string& name, bool user);
  std::vector<SideCounts> count_rows() const;
  Callers callers_of(std::size_t row, std::size_t side) const;
  bool pair_equal_counts();
  bool have_common_caller(std::size_t row, std::size_t other) const;
  bool fold_inlined();
  bool is_inlined(std::size_t row, std::size_t side, const std::vector<SideCounts>& counts) const;
  void join_callers(std::size_t row, std::size_t side);

  std::array<std::vector<FoldedNode>, 2> nodes_;
  std::array<double, 2> requests_{};
  std::vector<FoldedRow> rows_;
  std::map<std::pair<std::string, bool>, std::size_t> index_;
};

std::size_t Folder::row_of(const std::string& name, bool user) {
  const auto [place, is_new] = index_.emplace(std::pair(name, user), rows_.size());
  if (is_new) {
    rows_.push_back({name, user, user ? kUserCode : subsystem_of(name)});
  }
  return place->second;
}

void Folder::add_side(std::size_t side, const CountedPaths& counted) {
  requests_[side] = static_cast<double>(std::max<std::uint64_t>(counted.requests, 1));
  std::vector<bool> is_user_root;
  for (const Json& node : counted.paths.at("nodes")) {
    const auto parent = node.at(0).get<std::int64_t>();
    const auto& name = counted.paths.at("names").at(node.at(1).get<std::size_t>()).get_ref<const std::string&>();
    const bool user_root = parent < 0 && name == kUserRoot;
    const bool user = user_root || (parent >= 0 && is_user_root.at(static_cast<std::size_t>(parent)));
    is_user_root.push_back(user_root);
    nodes_[side].push_back(
        {parent, row_of(user ? name : canonical_name(name), user), name, node.at(3).get<std::uint64_t>()});
  }
}

std::vector<SideCounts> Folder::count_rows() const {
  std::vector<SideCounts> counts(rows_.size());
  for (const std::size_t side : kSides) {
    for (const FoldedNode& node : nodes_[side]) {
      counts[node.row][side] += static_cast<double>(node.instructions);  // exact: below 2^53
    }
    for (SideCounts& count : counts) {
      count[side] /= requests_[side];
    }
  }
  return counts;
}

Folder::Callers Folder::callers_of(std::size_t row, std::size_t side) const {
  Callers callers;
  for (const FoldedNode& node : nodes_[side]) {
    if (node.row == row) {
      const std::size_t caller = node.parent < 0 ? kNoRow : nodes_[side][static_cast<std::size_t>(node.parent)].row;
      callers[caller] += static_cast<double>(node.instructions) / requests_[side];
    }
  }
  return callers;
}

bool Folder::have_common_caller(std::size_t row, std::size_t other) const {
  const Callers base = callers_of(row, 0);
  const Callers now = callers_of(other, 1);
  return std::any_of(base.begin(), base.end(), [&](const auto& caller) { return now.contains(caller.first); });
}

bool Folder::pair_equal_counts() {
  const std::vector<SideCounts> counts = count_rows();
  std::map<std::pair<std::string_view, double>, std::array<std::vector<std::size_t>, 2>> alike;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (const std::size_t side : kSides) {
      if (!rows_[row].user && counts[row][side] > 0 && counts[row][1 - side] == 0) {
        alike[{rows_[row].subsystem, counts[row][side]}][side].push_back(row);
      }
    }
  }
  bool folded = false;
  for (const auto& [key, rows] : alike) {
    if (rows[0].size() == 1 && rows[1].size() == 1 && have_common_caller(rows[0].front(), rows[1].front())) {
      for (FoldedNode& node : nodes_[1]) {
        node.row = node.row == rows[1].front() ? rows[0].front() : node.row;
      }
      folded = true;
    }
  }
  return folded;
}

// The largest first: a function that was inlined together with those that it calls goes before them.
bool Folder::fold_inlined() {
  const std::vector<SideCounts> counts = count_rows();
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (!rows_[row].user && (counts[row][0] == 0) != (counts[row][1] == 0)) {
      order.emplace_back(-(counts[row][0] + counts[row][1]), row);
    }
  }
  std::sort(order.begin(), order.end());
  for (const auto& [unused, row] : order) {
    const std::size_t side = counts[row][0] > 0 ? 0 : 1;
    if (is_inlined(row, side, counts)) {
      join_callers(row, side);
      return true;  // the counts are others now
    }
  }
  return false;
}

bool Folder::is_inlined(std::size_t row, std::size_t side, const std::vector<SideCounts>& counts) const {
  double apart = counts[row][side];
  double together = 0;
  for (const auto& [caller, share] : callers_of(row, side)) {
    if (caller == kNoRow || caller == row) {
      return false;
    }
    const double change = counts[caller][1] - counts[caller][0];
    apart += std::abs(change);
    together += std::abs(change + (side == 1 ? share : -share));
  }
  return together <= apart - counts[row][side];
}

void Folder::join_callers(std::size_t row, std::size_t side) {
  for (FoldedNode& node : nodes_[side]) {
    if (node.row == row) {
      node.row = nodes_[side][static_cast<std::size_t>(node.parent)].row;
    }
  }
}

std::vector<FunctionChange> Folder::changes() const {
  std::vector<FunctionChange> all(rows_.size());
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    all[row].name = rows_[row].name;
    all[row].subsystem = rows_[row].subsystem;
  }
  for (const std::size_t side : kSides) {
    for (const FoldedNode& node : nodes_[side]) {
      FunctionChange& change = all[node.row];
      (side == 0 ? change.base : change.now) += node.instructions;
      if (node.instructions > 0) {
        (side == 0 ? change.base_names : change.now_names).insert(node.name);
      }
    }
  }
  std::erase_if(all, [](const FunctionChange& change) { return change.base == 0 && change.now == 0; });
  return all;
}

// Of compilers; a number or another suffix may follow.
std::string_view without_compiler_suffix(std::string_view name) {
  for (const std::string_view suffix : {".constprop", ".isra", ".part", ".cold", ".llvm"}) {
    if (const auto at = name.find(suffix); at != std::string_view::npos && at > 0) {
      name = name.substr(0, at);
    }
  }
  return name;
}

std::string join_names(const std::set<std::string>& names) {
  constexpr std::size_t kMostNames = 3;
  std::string text;
  std::size_t shown = 0;
  for (const std::string& name : names) {
    if (++shown > kMostNames) {
      return fmt::format("{}+{} more", text, names.size() - kMostNames);
    }
    text += (text.empty() ? "" : "+") + name;
  }
  return text;
}

}  // namespace

std::string canonical_name(std::string_view function) {
  // Renamed between Linux 5.10 and 6.12, or one of several variants of the same routine.
  static const std::map<std::string_view, std::string_view> kRenamed = {
      {"__do_softirq", "handle_softirqs"},
      {"__fget_light", "fdget"},
      {"__fdget", "fdget"},
      {"__fdget_pos", "fdget"},
      {"fdget_pos", "fdget"},
      {"copy_user_generic_unrolled", "rep_movs_alternative"},
      {"copy_user_generic_string", "rep_movs_alternative"},
      {"copy_user_enhanced_fast_string", "rep_movs_alternative"},
      {"check_preempt_curr", "wakeup_preempt"},
      {"check_preempt_wakeup", "check_preempt_wakeup_fair"},
      {"scheduler_tick", "sched_tick"},
      {"newidle_balance", "sched_balance_newidle"},
      {"trigger_load_balance", "sched_balance_trigger"},
      {"rebalance_domains", "sched_balance_domains"},
      {"run_rebalance_domains", "sched_balance_softirq"},
      {"update_blocked_averages", "sched_balance_update_blocked_averages"},
  };
  std::string_view name = without_compiler_suffix(function);
  for (const std::string_view suffix : {"_noprof", "_orig", "_or_report"}) {
    if (name.ends_with(suffix) && name.size() > suffix.size()) {
      name.remove_suffix(suffix.size());
    }
  }
  const auto renamed = kRenamed.find(name);
  return std::string(renamed == kRenamed.end() ? name : renamed->second);
}

std::string FunctionChange::label() const {
  if (base_names == now_names) {
    return join_names(base_names);
  }
  if (base_names.empty() || now_names.empty()) {
    return base_names.empty() ? join_names(now_names) + " (new)" : join_names(base_names) + " (gone)";
  }
  return fmt::format("{} -> {}", join_names(base_names), join_names(now_names));
}

std::vector<FunctionChange> fold_functions(const CountedPaths& base, const CountedPaths& now) {
  Folder folder(base, now);
  folder.fold();
  return folder.changes();
}

}  // namespace fanin::harness
