#include "harness/kernels/folding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
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

std::string_view without_underscores(std::string_view name) {
  return name.substr(std::min(name.find_first_not_of('_'), name.size()));
}

// Whether names tell that one function is a part of the other: __wake_up_common_lock and __wake_up_sync_key.
bool have_alike_names(std::string_view a, std::string_view b) {
  constexpr std::size_t kAlike = 6;
  const std::string_view plain_a = without_underscores(a);
  const std::string_view plain_b = without_underscores(b);
  const auto [end_a, end_b] = std::mismatch(plain_a.begin(), plain_a.end(), plain_b.begin(), plain_b.end());
  return static_cast<std::size_t>(end_a - plain_a.begin()) >= kAlike;
}

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
  using Targets = std::map<std::size_t, std::size_t>;  // caller -> the row that what it calls joins
  static constexpr std::size_t kNoRow = static_cast<std::size_t>(-1);

  void add_side(std::size_t side, const CountedPaths& counted);
  std::size_t row_of(const std::string& name, bool user);
  std::vector<SideCounts> count_rows() const;
  Callers callers_of(std::size_t row, std::size_t side) const;
  bool pair_equal_counts();
  bool have_common_caller(std::size_t row, std::size_t other) const;
  bool fold_inlined();
  Targets find_targets(std::size_t row, std::size_t side, const std::vector<SideCounts>& counts) const;
  std::size_t find_sibling(std::size_t row, std::size_t caller, std::size_t side,
                           const std::vector<SideCounts>& counts) const;
  double find_gain(std::size_t row, std::size_t side, const Targets& targets,
                   const std::vector<SideCounts>& counts) const;
  void join(std::size_t row, std::size_t side, const Targets& targets);

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
    if (const Targets targets = find_targets(row, side, counts); !targets.empty()) {
      join(row, side, targets);
      return true;  // the counts are others now
    }
  }
  return false;
}

// By how much the rows of a function of one side, and of those that it may join, would show less if it joined them.
double Folder::find_gain(std::size_t row, std::size_t side, const Targets& targets,
                         const std::vector<SideCounts>& counts) const {
  std::map<std::size_t, double> changes;
  double apart = counts[row][side];
  for (const auto& [caller, target] : targets) {
    if (changes.emplace(target, counts[target][1] - counts[target][0]).second) {
      apart += std::abs(changes.at(target));
    }
  }
  for (const auto& [caller, share] : callers_of(row, side)) {
    changes.at(targets.at(caller)) += side == 1 ? share : -share;
  }
  double together = 0;
  for (const auto& [target, change] : changes) {
    together += std::abs(change);
  }
  return apart - together;
}

// The caller, or a function that the same caller calls on the other side and that changed the most against it: one that
// ended with a jump to it, so that the path shows the caller above both.
std::size_t Folder::find_sibling(std::size_t row, std::size_t caller, std::size_t side,
                                 const std::vector<SideCounts>& counts) const {
  std::size_t best = caller;
  double largest = 0;
  for (const FoldedNode& node : nodes_[1 - side]) {
    const bool is_called = node.parent >= 0 && nodes_[1 - side][static_cast<std::size_t>(node.parent)].row == caller;
    if (!is_called || rows_[node.row].subsystem != rows_[row].subsystem || counts[node.row][side] == 0) {
      continue;
    }
    const double growth = counts[node.row][1 - side] - counts[node.row][side];
    if (growth > largest) {
      largest = growth;
      best = node.row;
    }
  }
  return best;
}

// For each caller of a function of one side alone the row that it joins; empty: it stays a row.
Folder::Targets Folder::find_targets(std::size_t row, std::size_t side, const std::vector<SideCounts>& counts) const {
  constexpr double kOfCallers = 1;  // shares of the function's instructions, of at most 2
  constexpr double kOfSiblings = 1.3;
  constexpr double kOfNamedSiblings = 0.6;
  Targets callers;
  Targets siblings;
  bool named = true;
  for (const auto& [caller, share] : callers_of(row, side)) {
    if (caller == kNoRow || caller == row) {
      return {};
    }
    callers[caller] = caller;
    siblings[caller] = find_sibling(row, caller, side, counts);
    named = named && siblings[caller] != caller && have_alike_names(rows_[row].name, rows_[siblings[caller]].name);
  }
  const double size = counts[row][side];
  const double of_callers = find_gain(row, side, callers, counts);
  const double of_siblings = find_gain(row, side, siblings, counts);
  const bool enough = of_siblings >= (named ? kOfNamedSiblings : kOfSiblings) * size;
  if (enough && of_siblings > of_callers) {
    return siblings;
  }
  return of_callers >= kOfCallers * size ? callers : Targets();
}

void Folder::join(std::size_t row, std::size_t side, const Targets& targets) {
  for (FoldedNode& node : nodes_[side]) {
    if (node.row == row) {
      node.row = targets.at(nodes_[side][static_cast<std::size_t>(node.parent)].row);
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
        (side == 0 ? change.base_names : change.now_names)[node.name] += node.instructions;
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

// The names with a part that is worth to be told, by the order of letters.
std::string join_names(const std::map<std::string, std::uint64_t>& names) {
  constexpr std::uint64_t kLeastShare = 10;  // %
  std::uint64_t sum = 0;
  for (const auto& [name, instructions] : names) {
    sum += instructions;
  }
  std::string text;
  for (const auto& [name, instructions] : names) {
    if (instructions >= sum * kLeastShare / 100) {
      text += (text.empty() ? "" : "+") + name;
    }
  }
  return text;
}

}  // namespace

std::string canonical_name(std::string_view function) {
  // Renamed between Linux 5.10 and 6.12, or one of several variants of the same routine.
  static const std::map<std::string_view, std::string_view> kRenamed = {
      {"__do_softirq", "handle_softirqs"},
      {"import_single_range", "import_ubuf"},
      {"tcp_inbound_md5_hash", "tcp_inbound_hash"},
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
  const std::string was = join_names(base_names);
  const std::string is = join_names(now_names);
  if (base == 0 || now == 0) {
    return base == 0 ? is + " (new)" : was + " (gone)";
  }
  return was == is ? is : fmt::format("{} -> {}", was, is);
}

std::vector<FunctionChange> fold_functions(const CountedPaths& base, const CountedPaths& now) {
  Folder folder(base, now);
  folder.fold();
  return folder.changes();
}

}  // namespace fanin::harness
