#include "harness/kernels/ledger_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/kernels/ledger_file.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

constexpr std::size_t kReportWidth = 120;

std::vector<std::string> list_cell_ids(const Json& ledger) {
  std::vector<std::string> ids;
  for (const Json& cell : ledger.at("cells")) {
    if (const auto& id = cell.at("id").get_ref<const std::string&>();
        std::find(ids.begin(), ids.end(), id) == ids.end()) {
      ids.push_back(id);
    }
  }
  return ids;
}

// Each reason once, with the cells that have it.
std::string list_cells_without_counts(const Json& ledger) {
  std::map<std::string, std::vector<std::string>> cells;
  for (const Json& cell : ledger.at("cells")) {
    if (const auto status = cell.at("status").get<std::string>(); status != "ok") {
      cells[fmt::format("{} on {}: {}", status, cell.at("kernel").get<std::string>(),
                        cell.at("reason").get<std::string>())]
          .push_back(cell.at("id").get<std::string>());
    }
  }
  std::string text;
  for (const auto& [reason, ids] : cells) {
    text += os::wrapped(fmt::format("  {}: {}", os::printable(reason), fmt::join(ids, ", ")), kReportWidth, 2);
  }
  return text;
}

// "scheduler +812.0, entry/exit +300.0", the largest change first; what did not change is left out.
std::string list_changes(const CellDifference& difference, std::vector<CountChange> changes) {
  const auto change = [&difference](const CountChange& each) { return difference.change(each.base, each.now); };
  std::stable_sort(changes.begin(), changes.end(), [&change](const CountChange& a, const CountChange& b) {
    return std::abs(change(a)) > std::abs(change(b));
  });
  std::string text;
  for (const CountChange& each : changes) {
    if (change(each) != 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", each.name, format_instruction_change(change(each)));
    }
  }
  return text.empty() ? "none" : text;
}

std::string labelled_line(std::string_view label, const std::string& text) {
  constexpr std::size_t kIndent = 12;
  return os::wrapped(fmt::format("  {:<10} {}", label, text), kReportWidth, kIndent);
}

std::string describe_functions(const CellDifference& difference, std::size_t functions) {
  std::string text;
  double others = 0;
  std::size_t more = 0;
  for (const FunctionChange& function : difference.functions) {
    const double change = difference.change(function.base, function.now);
    if (change == 0) {
      break;  // sorted by size
    }
    if (functions > 0) {
      --functions;
      text += fmt::format("  {:>12}  {:<17} {}\n", format_instruction_change(change), function.subsystem,
                          os::printable(function.label()));
    } else {
      others += change;
      ++more;
    }
  }
  if (more > 0) {
    text += fmt::format("  {:>12}  {}\n", format_instruction_change(others),
                        more == 1 ? "one other function" : fmt::format("{} other functions", more));
  }
  return text;
}

// What the seeds of a ledger gave for one cell, per request.
struct SeedRange {
  double low = 0;
  double high = 0;

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

constexpr double kFew = 0.2;  // switches per request, of timer ticks and kernel threads

struct SeedRanges {
  SeedRange instructions;
  std::map<std::string, SeedRange> switches;  // by program

  bool has_another_order() const {
    return std::any_of(switches.begin(), switches.end(),
                       [](const auto& each) { return each.second.high - each.second.low >= kFew; });
  }
};

void add_seed(std::map<std::string, SeedRanges>& cells, const Json& cell) {
  if (cell.at("status") != "ok") {
    return;
  }
  const auto requests = cell.at("requests").get<double>();
  const auto instructions = cell.at("instructions").get<double>() / requests;
  const auto [place, is_new] =
      cells.try_emplace(fmt::format("{} on {}", cell.at("id").get<std::string>(), cell.at("kernel").get<std::string>()),
                        SeedRanges{{instructions, instructions}, {}});
  place->second.instructions.add(instructions);
  for (const auto& [program, count] : cell.at("switches").items()) {
    const double switches = count.get<double>() / requests;
    place->second.switches.try_emplace(program, SeedRange{switches, switches}).first->second.add(switches);
  }
}

std::string describe_orders(const std::map<std::string, SeedRanges>& cells) {
  std::string text;
  for (const auto& [name, ranges] : cells) {
    if (!ranges.has_another_order()) {
      continue;
    }
    std::string switches;
    for (const auto& [program, range] : ranges.switches) {
      if (range.high - range.low >= 0.01) {
        switches += fmt::format(", {} {:.2f} to {:.2f}", program, range.low, range.high);
      }
    }
    text += os::wrapped(fmt::format("  {}: {} to {} instructions; switches per request{}", os::printable(name),
                                    format_instructions(ranges.instructions.low),
                                    format_instructions(ranges.instructions.high), switches),
                        kReportWidth, 4);
  }
  return text.empty() ? text : "Some seeds schedule the programs in a different order:\n" + text;
}

}  // namespace

std::string describe_seeds(const Json& ledger) {
  if (!ledger.contains("other_seeds")) {
    return "";
  }
  std::set<std::uint64_t> seeds{ledger.at("seed").get<std::uint64_t>()};
  std::map<std::string, SeedRanges> cells;
  for (const Json& cell : ledger.at("cells")) {
    add_seed(cells, cell);
  }
  for (const Json& cell : ledger.at("other_seeds")) {
    seeds.insert(cell.at("seed").get<std::uint64_t>());
    add_seed(cells, cell);
  }
  double largest = 0;
  std::string of;
  for (const auto& [name, ranges] : cells) {
    const double share = ranges.instructions.high / ranges.instructions.low - 1;
    if (!ranges.has_another_order() && (of.empty() || share > largest)) {
      largest = share;
      of = name;
    }
  }
  std::string text = fmt::format("\nSeeds {}: ", fmt::join(seeds, ", "));
  text += of.empty()
              ? "no cell has the same order of programs with each of them\n"
              : fmt::format("where the programs run in the same order, a cell differs by {:.3g} % at most ({})\n",
                            largest * 100, os::printable(of));
  return text + describe_orders(cells);
}

std::string format_instructions(double per_request) {
  const double size = std::abs(per_request);
  if (size != 0 && size < 10) {
    return fmt::format("{:.3g}", per_request);
  }
  const auto tenths = static_cast<std::uint64_t>(std::llround(size * 10));
  return fmt::format("{}{}.{}", per_request < 0 ? "-" : "", os::format_count(tenths / 10), tenths % 10);
}

std::string format_instruction_change(double per_request) {
  return (per_request > 0 ? "+" : "") + format_instructions(per_request);
}

std::string describe_ledger_table(const Json& ledger) {
  const std::vector<std::string> ids = list_cell_ids(ledger);
  constexpr std::string_view kHeading = "instructions per request";
  std::size_t width = kHeading.size();
  for (const std::string& id : ids) {
    width = std::max(width, id.size());
  }
  std::string text = fmt::format("{:<{}}", kHeading, width);
  for (const Json& kernel : ledger.at("kernels")) {
    text += fmt::format("  {:>12}", os::printable(kernel.at("name").get<std::string>()));
  }
  text += "\n";
  for (const std::string& id : ids) {
    text += fmt::format("{:<{}}", id, width);
    for (const Json& kernel : ledger.at("kernels")) {
      const auto name = kernel.at("name").get<std::string>();
      const Json* cell = find_ledger_cell(ledger, id, name);
      const bool counted = cell != nullptr && cell->at("status") == "ok";
      const std::string figure =
          counted ? format_instructions(cell->at("instructions_per_request").get<double>()) : "-";
      text += fmt::format("  {:>{}}", figure, std::max<std::size_t>(12, os::printable(name).size()));
    }
    text += "\n";
  }
  return text + list_cells_without_counts(ledger);
}

std::string describe_cell_difference(const CellDifference& difference, std::size_t functions) {
  const double base = difference.per_request_of_base(difference.total.base);
  const double change = difference.change(difference.total.base, difference.total.now);
  std::string text =
      fmt::format("{}: {} -> {} instructions per request, {}\n", difference.cell, format_instructions(base),
                  format_instructions(difference.per_request_of_now(difference.total.now)),
                  change == 0 ? "no change"
                              : fmt::format("{} ({:+.3g} %)", format_instruction_change(change), change / base * 100));
  text += labelled_line("where", list_changes(difference, difference.parts));
  text += labelled_line("subsystems", list_changes(difference, difference.subsystems));
  if (const std::string switches = list_changes(difference, difference.switches); switches != "none") {
    text += labelled_line("switches", switches + " per request");
  }
  return text + describe_functions(difference, functions);
}

std::string describe_config_difference(const ConfigDifference& difference) {
  std::string text;
  for (const std::string& line : difference.matter) {
    text += (text.empty() ? "" : "; ") + os::printable(line);
  }
  if (difference.others > 0) {
    text += text.empty() ? "no option that should matter; " : "; ";
    text += os::plural(difference.others, "other option");
  }
  return os::wrapped("Configuration: " + (text.empty() ? "the same" : text), kReportWidth, 2);
}

std::string describe_ledger(const Json& ledger) {
  std::string text = describe_ledger_table(ledger);
  text += describe_seeds(ledger);
  const Json& kernels = ledger.at("kernels");
  const Json& first = kernels.front();
  for (std::size_t i = 1; i < kernels.size(); ++i) {
    text += fmt::format("\n{} compared with {}\n", os::printable(kernels[i].at("name").get<std::string>()),
                        os::printable(first.at("name").get<std::string>()));
    text += describe_config_difference(compare_configs(first.at("config"), kernels[i].at("config")));
    for (const std::string& id : list_cell_ids(ledger)) {
      const Json* base = find_ledger_cell(ledger, id, first.at("name"));
      const Json* now = find_ledger_cell(ledger, id, kernels[i].at("name"));
      if (base != nullptr && now != nullptr && base->at("status") == "ok" && now->at("status") == "ok") {
        text += "\n" + describe_cell_difference(compare_ledger_cells(*base, *now));
      }
    }
  }
  return text + "\n" + std::string(kNotTime) + "\n";
}

}  // namespace fanin::harness
