#include "harness/kernels/ledger_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "harness/kernels/ledger_file.h"
#include "harness/kernels/ledger_report.h"
#include "os/format.h"
#include "os/program.h"
#include "os/result_file.h"

namespace fanin::harness {
namespace {

std::vector<std::string> list_kernel_names(const Json& ledger) {
  std::vector<std::string> names;
  for (const Json& kernel : ledger.at("kernels")) {
    names.push_back(kernel.at("name").get<std::string>());
  }
  return names;
}

const Json& find_kernel(const Json& ledger, const std::string& name) {
  const Json& kernels = ledger.at("kernels");
  return *std::find_if(kernels.begin(), kernels.end(), [&](const Json& kernel) { return kernel.at("name") == name; });
}

// What makes counts of two ledgers different things. The generator is part of what is counted.
std::vector<std::string> list_ledger_obstacles(const Json& base, const Json& now, const CompareOptions& options) {
  struct Factor {
    const char* name;  // by which --vary allows it; empty: it cannot
    const char* what;
    const char* place;
  };
  constexpr std::string_view kMemoryPlace = "/memory_mib";
  constexpr Factor kLedgerFactors[] = {{"", "suite", "/suite"},
                                       {"", "seed", "/seed"},
                                       {"", "window", "/window"},
                                       {"", "memory of the guests", "/memory_mib"},
                                       {"", "QEMU", "/qemu/version"},
                                       {"", "detail", "/reduced"},
                                       {"generator", "fanin-load binary", "/environment/binaries/fanin-load_sha256"},
                                       {"build", "build type", "/environment/build/build_type"},
                                       {"sanitizers", "sanitizers", "/environment/build/sanitizers"}};
  std::vector<std::string> found;
  for (const Factor& factor : kLedgerFactors) {
    const Json::json_pointer place(factor.place);
    const Json was = base.contains(place) ? base[place] : Json();
    const Json is = now.contains(place) ? now[place] : Json();
    const bool is_unknown = (was.is_null() || is.is_null()) && factor.place == kMemoryPlace;  // in older ledgers
    if (was != is && !is_unknown &&
        std::find(options.vary.begin(), options.vary.end(), factor.name) == options.vary.end()) {
      found.push_back(fmt::format("{} differs: {} and {}", factor.what, was.dump(), is.dump()));
    }
  }
  return found;
}

class LedgerComparer {
 public:
  LedgerComparer(const Json& base, const Json& now, double band) : base_(base), now_(now), band_(band) {}

  // `mark` stands behind the names of cells.
  void compare(const std::string& base_kernel, const std::string& now_kernel, const std::string& mark);
  LedgerComparison take() { return std::move(result_); }

 private:
  void compare_cell(const Json& base, const Json& now, const std::string& name);

  const Json& base_;
  const Json& now_;
  double band_;
  LedgerComparison result_;
};

void LedgerComparer::compare(const std::string& base_kernel, const std::string& now_kernel, const std::string& mark) {
  const Json& was = find_kernel(base_, base_kernel);
  const Json& is = find_kernel(now_, now_kernel);
  std::string head = base_kernel == now_kernel ? base_kernel : now_kernel + " compared with " + base_kernel;
  head = os::printable(head) + "\n" + describe_config_difference(compare_configs(was.at("config"), is.at("config")));
  if (was.at("command_line") != is.at("command_line")) {
    head += fmt::format("Command line: {} -> {}\n", was.at("command_line").dump(), is.at("command_line").dump());
  }
  if (base_kernel == now_kernel && was.at("image_sha256") != is.at("image_sha256")) {
    head += "The image is another one.\n";
  }
  for (const Json& base : base_.at("cells")) {
    if (base.at("kernel") != base_kernel) {
      continue;
    }
    const auto id = base.at("id").get<std::string>();
    const Json* now = find_ledger_cell(now_, id, now_kernel);
    if (base.at("status") != "ok") {
      result_.judgement.notes.push_back(fmt::format("{}{}: {} in base: {}", id, mark,
                                                    base.at("status").get<std::string>(),
                                                    base.at("reason").get<std::string>()));
    } else if (now == nullptr) {
      result_.judgement.faults.push_back({id + mark, "missing", "new has no such cell"});
    } else if (now->at("status") != "ok") {
      result_.judgement.faults.push_back({id + mark, now->at("status"), now->at("reason")});
    } else {
      result_.heads.push_back(head);
      compare_cell(base, *now, id + mark);
    }
  }
  for (const Json& now : now_.at("cells")) {
    if (const auto id = now.at("id").get<std::string>();
        now.at("kernel") == now_kernel && find_ledger_cell(base_, id, base_kernel) == nullptr) {
      result_.judgement.notes.push_back(id + mark + ": only in new");
    }
  }
}

void LedgerComparer::compare_cell(const Json& base, const Json& now, const std::string& name) {
  const CellDifference& difference = result_.differences.emplace_back(compare_ledger_cells(base, now));
  MetricVerdict metric{.cell = name,
                       .metric = std::string(kInstructionsPerRequest),
                       .unit = "1",
                       .band = band_,
                       .base = base.at("instructions_per_request").get<double>(),
                       .now = now.at("instructions_per_request").get<double>(),
                       .units = 1};
  const double change = difference.change(difference.total.base, difference.total.now);
  const double ratio = *metric.base > 0 ? 1 + change / *metric.base : 1;
  metric.ratio = RatioEstimate{ratio, statistics::Interval{ratio, ratio, 1}};
  metric.verdict = judge_ratio(metric.ratio->interval, band_, false);
  metric.log_ratios = {std::log(ratio)};
  result_.judgement.metrics.push_back(std::move(metric));
}

// Only `fanin ab --count` has a verdict on the server's user code.
void refuse_metrics(const CompareOptions& options) {
  for (const std::string& band : options.bands) {
    if (band.starts_with(fmt::format("{}=", kServerUserInstructions))) {
      throw std::invalid_argument(
          fmt::format("--band {}: ledgers are compared by {} alone", os::printable(band), kInstructionsPerRequest));
    }
  }
  for (const std::string& metric : options.metrics) {
    if (metric != kInstructionsPerRequest) {
      throw std::invalid_argument(
          fmt::format("--metric {}: ledgers hold no other metric than {}", metric, kInstructionsPerRequest));
    }
  }
}

// The kernels of a ledger that no pair has.
std::vector<std::string> list_lone_kernels(const Json& ledger,
                                           const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<std::string> names;
  for (const std::string& name : list_kernel_names(ledger)) {
    const auto has_it = [&](const auto& pair) { return pair.first == name || pair.second == name; };
    if (std::none_of(pairs.begin(), pairs.end(), has_it)) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> pair_kernels(const Json& base, const Json* now) {
  const std::vector<std::string> was = list_kernel_names(base);
  std::vector<std::pair<std::string, std::string>> pairs;
  if (now == nullptr) {
    for (std::size_t i = 1; i < was.size(); ++i) {
      pairs.emplace_back(was.front(), was[i]);
    }
    if (pairs.empty()) {
      throw std::invalid_argument("this ledger has one kernel: give another ledger as NEW");
    }
    return pairs;
  }
  const std::vector<std::string> is = list_kernel_names(*now);
  for (const std::string& name : was) {
    if (std::find(is.begin(), is.end(), name) != is.end()) {
      pairs.emplace_back(name, name);
    }
  }
  if (pairs.empty() && was.size() == 1 && is.size() == 1) {
    pairs.emplace_back(was.front(), is.front());
  }
  if (pairs.empty()) {
    throw std::invalid_argument(
        fmt::format("the ledgers have no kernel in common: {}; {}", fmt::join(was, ", "), fmt::join(is, ", ")));
  }
  return pairs;
}

LedgerComparison compare_ledgers(const Json& base, const Json* now, const CompareOptions& options) {
  refuse_metrics(options);
  const auto pairs = pair_kernels(base, now);
  LedgerComparer comparer(base, now != nullptr ? *now : base,
                          find_band(std::string(kInstructionsPerRequest), options.bands, 0));
  for (const auto& [was, is] : pairs) {
    comparer.compare(was, is, pairs.size() > 1 ? " on " + is : "");
  }
  LedgerComparison result = comparer.take();
  result.seeds = describe_seeds(base);
  Judgement& judgement = result.judgement;
  if (now != nullptr) {
    for (const std::string& name : list_lone_kernels(base, pairs)) {
      judgement.faults.push_back({name, "missing", "new has no such kernel"});
    }
    for (const std::string& name : list_lone_kernels(*now, pairs)) {
      judgement.notes.push_back(name + ": only new has this kernel");
    }
  }
  judgement.kind = now != nullptr ? "compare" : "kernels";
  judgement.base = now != nullptr ? options.base.front() : pairs.front().first;
  judgement.now = now != nullptr ? options.now.front() : pairs.size() == 1 ? pairs.front().second : "later kernels";
  judgement.strict = options.strict;
  if (now != nullptr) {
    judgement.obstacles = list_ledger_obstacles(base, *now, options);
  }
  judgement.procedure = {.method = "instruction counts are exact: any difference beyond the band is one",
                         .error_rate = 0,
                         .looks = {},
                         .false_alarms = "none: the same boot gives the same counts to the last digit"};
  return result;
}

std::string describe_ledger_comparison(const LedgerComparison& comparison) {
  std::string text;
  std::string head;
  for (std::size_t i = 0; i < comparison.differences.size(); ++i) {
    if (comparison.heads[i] != head) {
      head = comparison.heads[i];
      text += (text.empty() ? "" : "\n") + head;
    }
    text += "\n" + describe_cell_difference(comparison.differences[i]);
  }
  const Judgement& judgement = comparison.judgement;
  text += judgement.faults.empty() && judgement.notes.empty() ? "" : "\nCells without a comparison:\n";
  for (const CellFault& fault : judgement.faults) {
    text += fmt::format("  {}: {}: {}\n", fault.cell, fault.status, os::printable(fault.reason));
  }
  for (const std::string& note : judgement.notes) {
    text += "  " + os::printable(note) + "\n";
  }
  return fmt::format("{}{}\n{}\nCounts are exact: any difference is real{}.\n{}\n", text, comparison.seeds, kNotTime,
                     judgement.metrics.empty() || judgement.metrics.front().band == 0
                         ? ""
                         : fmt::format(", but --band lets {:g} % pass", judgement.metrics.front().band * 100),
                     describe_result(judgement));
}

bool are_ledgers(const CompareOptions& options) {
  std::vector<std::string> all = options.base;
  all.insert(all.end(), options.now.begin(), options.now.end());
  const auto ledgers = std::count_if(all.begin(), all.end(), names_ledger);
  if (ledgers > 0 && ledgers < static_cast<std::ptrdiff_t>(all.size())) {
    for (const std::string& path : all) {
      if (!std::filesystem::exists(path)) {
        throw std::invalid_argument(fmt::format("{}: No such file or directory", os::printable(path)));
      }
    }
    throw std::invalid_argument("compare: ledgers (instructions) and runs (times) are not compared with each other");
  }
  return ledgers > 0;
}

int run_compare_ledgers(const CompareOptions& options) {
  if (options.base.size() != 1 || options.now.size() > 1) {
    throw std::invalid_argument("compare: one ledger a side: the same boot gives the same counts");
  }
  const Json base = load_ledger(options.base.front());
  const Json now = options.now.empty() ? Json() : load_ledger(options.now.front());
  std::vector<std::string> inputs{find_ledger_file(options.base.front())};
  if (!options.now.empty()) {
    inputs.push_back(find_ledger_file(options.now.front()));
  }
  if (base == now) {  // such a gate cannot fail
    throw std::invalid_argument("compare: both sides are the same ledger: give two");
  }
  const auto file = os::open_result_file(options.json_path, "--json", inputs);
  const LedgerComparison comparison = compare_ledgers(base, options.now.empty() ? nullptr : &now, options);
  const Judgement& judgement = comparison.judgement;
  for (const std::string& obstacle : judgement.obstacles) {
    os::print_error("fanin", "not comparable: " + obstacle);
  }
  if (judgement.obstacles.empty()) {
    os::print_text(stdout, describe_ledger_comparison(comparison));
  }
  if (file) {
    file->write(to_text(judgement_to_json(judgement)));
  }
  return options.bisect ? exit_code_for_bisect(judgement.exit_code()) : static_cast<int>(judgement.exit_code());
}

}  // namespace fanin::harness
