#include <fmt/format.h>

#include <algorithm>

#include "loadgen/experiments/slice_comparison.h"
#include "loadgen/reports/assertions.h"
#include "loadgen/reports/report.h"
#include "os/format.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

// A to Z, then T27 and so on.
std::string letter(std::size_t target) {
  return target < 26 ? std::string(1, static_cast<char>('A' + target)) : fmt::format("T{}", target + 1);
}

std::optional<double> server_ns_per_request(const Outcome& outcome) {
  Nanoseconds cpu{0};
  std::uint64_t requests = 0;
  for (const Slice& slice : outcome.result.slices) {
    cpu += slice.server_cpu.value_or(Nanoseconds(0));
    requests += slice.server_cpu ? slice.answered : 0;
  }
  return requests > 0 ? std::optional(static_cast<double>(cpu.count()) / static_cast<double>(requests)) : std::nullopt;
}

std::string latency(const Histogram& histogram, unsigned per_10000) {
  const PercentileValue value = histogram.percentile(per_10000);
  return value.kind == PercentileValue::Kind::kFinite ? os::format_time(value.value) : "-";
}

std::string target_row(const Outcome& outcome, std::size_t target) {
  const auto rate = slice_rate(outcome.result);
  const auto cpu = server_ns_per_request(outcome);
  return fmt::format("  {}  {:<22}{:>12}{:>10}{:>10}{:>10}{:>16}  {}\n", letter(target),
                     os::printable(outcome.plan.target.text()), rate ? os::format_rate(*rate) : "-",
                     latency(outcome.result.response, 5000), latency(outcome.result.response, 9900),
                     latency(outcome.result.response, 9990),
                     cpu ? os::format_time(Nanoseconds(static_cast<std::int64_t>(*cpu))) : "-",
                     outcome.result.called_off ? "not measured" : status_name(outcome.verdict.status));
}

constexpr double kLeftOutWarning = 0.05;

// A block is left out if a target completed nothing in a slice, so the ratio overlooks a target that stalls. Empty: too
// few were left out to matter.
std::string describe_bias(const SliceComparison& comparison) {
  if (static_cast<double>(comparison.skipped) <= kLeftOutWarning * static_cast<double>(comparison.blocks)) {
    return "";
  }
  return fmt::format("{} left out, since a target completed nothing in a slice: the ratios overlook its stalls",
                     os::part_of(comparison.skipped, comparison.blocks, "block"));
}

// The worst of all targets, with the reasons of each.
std::string verdict_of_all(const SlicesResult& result) {
  const std::vector<Outcome>& outcomes = result.outcomes;
  Status worst = compares(result) ? Status::kValid : Status::kWarning;
  std::string reasons;
  for (std::size_t i = 0; i < result.comparisons.size(); ++i) {
    if (const std::string bias = describe_bias(result.comparisons[i]); !bias.empty()) {
      worst = std::max(worst, Status::kWarning);
      reasons += fmt::format("                - {}/A: {}\n", letter(i + 1), bias);
    }
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    worst = std::max(worst, outcomes[i].verdict.status);
    for (const Reason& reason : outcomes[i].verdict.reasons) {
      reasons += fmt::format("                - {}: {}\n", letter(i), reason.text);
    }
  }
  std::string assertions;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    assertions += assertion_lines(outcome.plan, outcome.result, outcome.verdict, fmt::format("  {}: ", letter(i)));
  }
  return fmt::format("\n  verdict       {}\n{}{}", status_name(worst), reasons, assertions);
}

std::string ratio_text(const std::optional<Ratio>& ratio) {
  if (!ratio) {
    return "not known";
  }
  return ratio->interval
             ? fmt::format("{:.4f} [{:.4f}, {:.4f}]", ratio->estimate, ratio->interval->low, ratio->interval->high)
             : fmt::format("{:.4f} (too few blocks for an interval)", ratio->estimate);
}

std::string comparison_row(const SliceComparison& comparison, std::size_t second, bool cpu) {
  if (!comparison.reason.empty()) {
    return fmt::format("  {}/A  not compared: {}\n", letter(second), comparison.reason);
  }
  std::string row = fmt::format("  {}/A  throughput {}", letter(second), ratio_text(comparison.throughput));
  if (cpu) {
    row += fmt::format(", server CPU per request {}", ratio_text(comparison.cpu_per_request));
  }
  return row + "\n";
}

Json ratio_json(const std::optional<Ratio>& ratio) {
  if (!ratio) {
    return nullptr;
  }
  const auto& interval = ratio->interval;
  return {{"estimate", ratio->estimate},
          {"low", interval ? Json(interval->low) : Json()},
          {"high", interval ? Json(interval->high) : Json()},
          {"coverage", interval ? Json(interval->coverage) : Json()}};
}

Json slice_list_json(const Outcome& outcome) {
  Json json = Json::array();
  for (const Slice& slice : outcome.result.slices) {
    json.push_back({{"number", slice.number},
                    {"completed", slice.completed},
                    {"answered", slice.answered},
                    {"server_cpu_ns", slice.server_cpu ? Json(slice.server_cpu->count()) : Json()}});
  }
  return json;
}

Json target_json(const Outcome& outcome) {
  const auto cpu = server_ns_per_request(outcome);
  const auto rate = slice_rate(outcome.result);
  return {{"throughput_per_s", rate ? Json(*rate) : Json()},
          {"server_cpu_per_request_ns", cpu ? Json(*cpu) : Json()},
          {"slices", slice_list_json(outcome)},
          {"result", result_json(outcome.plan, outcome.result, outcome.verdict)}};
}

Json comparison_json(const SliceComparison& comparison, std::size_t second) {
  const std::string bias = describe_bias(comparison);
  return {{"first", 0},
          {"second", second},
          {"blocks", comparison.blocks},
          {"skipped", comparison.skipped},
          {"reason", comparison.reason.empty() ? Json() : Json(comparison.reason)},
          {"warning", bias.empty() ? Json() : Json(bias)},
          {"throughput", ratio_json(comparison.throughput)},
          {"server_cpu_per_request", ratio_json(comparison.cpu_per_request)}};
}

// Names the target that is invalid by itself. Empty: both can be compared.
std::string why_not_compared(const std::vector<Outcome>& outcomes, std::size_t second) {
  std::string called_off;
  for (const std::size_t target : {std::size_t{0}, second}) {
    const Verdict& verdict = outcomes[target].verdict;
    if (outcomes[target].result.called_off) {
      called_off = verdict.reasons.front().text;
    } else if (verdict.status == Status::kInvalid) {
      return fmt::format("{} is invalid: {}", letter(target), verdict.reasons.front().text);
    }
  }
  return called_off;
}

}  // namespace

SlicesResult compare_slices(std::vector<Outcome> outcomes) {
  SlicesResult result;
  for (std::size_t i = 1; i < outcomes.size(); ++i) {
    SliceComparison& comparison = result.comparisons.emplace_back(
        compare_slices(outcomes[0].result.slices, outcomes[i].result.slices, static_cast<unsigned>(outcomes.size())));
    if (const std::string why = why_not_compared(outcomes, i); !why.empty()) {
      comparison.reason = why;
      comparison.throughput = comparison.cpu_per_request = std::nullopt;
    }
  }
  result.outcomes = std::move(outcomes);
  return result;
}

bool compares(const SlicesResult& result) {
  return std::all_of(result.comparisons.begin(), result.comparisons.end(),
                     [](const SliceComparison& comparison) { return comparison.reason.empty(); });
}

std::optional<double> slice_rate(const LoadResult& result) {
  return result.slices.empty() ? std::nullopt : std::optional(result.requests_per_s());
}

std::string slices_text(const SlicesResult& result) {
  const LoadPlan& plan = result.outcomes.front().plan;
  const SlicePlan& slices = *plan.slices;
  std::string text = fmt::format(
      "{}, interleaved every {}: {}, {}, {}, {} to each\n\n"
      "     {:<22}{:>12}{:>10}{:>10}{:>10}{:>16}\n",
      os::plural(slices.targets, "target"), os::format_time(slices.length), plan.protocol_name,
      os::plural(plan.request_bytes, "byte"),
      plan.rate_per_s ? fmt::format("open loop at {} in its slices", os::format_rate(*plan.rate_per_s)) : "closed loop",
      os::plural(plan.connections, "connection"), "target", "throughput", "p50", "p99", "p99.9", "server CPU/req");
  for (std::size_t i = 0; i < result.outcomes.size(); ++i) {
    text += target_row(result.outcomes[i], i);
  }
  text += fmt::format("  the first and last {} of a slice do not count; latency is that of all requests\n",
                      os::format_time(slices.cut));
  text += fmt::format("\n  ratios over {}, with their 95 % intervals\n",
                      os::plural(result.comparisons.front().blocks, "block"));
  for (std::size_t i = 0; i < result.comparisons.size(); ++i) {
    text += comparison_row(result.comparisons[i], i + 1, !plan.server.roots.empty());
  }
  return os::wrapped(text + verdict_of_all(result), 100, 18);
}

Json slices_json(const SlicesResult& result) {
  const SlicePlan& slices = *result.outcomes.front().plan.slices;
  Json targets = Json::array();
  for (const Outcome& outcome : result.outcomes) {
    targets.push_back(target_json(outcome));
  }
  Json comparisons = Json::array();
  for (std::size_t i = 0; i < result.comparisons.size(); ++i) {
    comparisons.push_back(comparison_json(result.comparisons[i], i + 1));
  }
  return {{"schema", "fanin-load-interleaving"},
          {"schema_version", 2},
          {"version", FANIN_VERSION},
          {"started_at", timestamp(result.outcomes.front().result.started_at)},
          {"interleaving",
           {{"slice_ns", slices.length.count()},
            {"cut_ns", slices.cut.count()},
            {"order", "drawn and mirrored"},
            {"seed", slices.seed}}},
          {"targets", std::move(targets)},
          {"comparisons", std::move(comparisons)}};
}

}  // namespace fanin::load
