#include <fmt/format.h>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"

namespace fanin::load {
namespace {

// The speed of a virtual machine changes within 20 ms: the ratio of server CPU per request over 0.8 s had a standard
// deviation of 1.5 % with slices of 20 ms and of 0.8 % with those of 10 ms, and that of throughput 1.9 and 1.3 %
// (epoll, 50 connections, requests of 12 us). Slices of 5 ms are still better for CPU time and worse for throughput.
constexpr Nanoseconds kLeastSlice = std::chrono::milliseconds(10);
constexpr Nanoseconds kLeastPacedSlice = std::chrono::milliseconds(20);  // where requests wait for their time
constexpr Nanoseconds kSlicePerConnection = std::chrono::microseconds(100);
constexpr Nanoseconds kShortest = std::chrono::milliseconds(2);
constexpr int kCutShare = 10;
constexpr Nanoseconds kLeastCut = std::chrono::microseconds(1250);  // 50 requests of 25 us
constexpr int kMostCutShare = 4;

// The connections of a target have left the CPU's caches by its next slice, so the first request of each costs more.
// With 9 targets of 1,000 connections slices of 20 ms raised the CPU time per request by 30 %, those of 100 ms by 7 %.
Nanoseconds choose_slice(const LoadOptions& options, Nanoseconds duration) {
  if (options.interleave) {
    return *options.interleave;
  }
  constexpr int kBlocks = 2;  // at least, in the duration
  const Nanoseconds most = duration / (kBlocks * 2 * static_cast<std::int64_t>(options.targets.size()));
  const auto connections = static_cast<std::int64_t>(options.connections.value_or(0));
  const bool is_paced = options.rate_per_s || options.think_time;
  return std::max(is_paced ? kLeastPacedSlice : kLeastSlice, std::min(kSlicePerConnection * connections, most));
}

// At either end of a slice: at its beginning the server before still serves the requests that it was sent.
Nanoseconds choose_cut(Nanoseconds slice) {
  return std::min(std::max(slice / kCutShare, kLeastCut), slice / kMostCutShare);
}

void check_targets(const LoadOptions& options) {
  if (!options.target.empty()) {
    refuse(fmt::format("{} and --target contradict each other: give all targets by --target", options.target));
  }
  if (options.targets.size() < 2) {
    refuse("one --target: give two or more, the same one twice for an A/A run");
  }
  if (options.ramp || (options.arrival && options.arrival->starts_with("trace:"))) {
    refuse("interleaved targets need a constant rate: leave --ramp and --arrival trace out");
  }
  if (options.sweep || options.find_rate) {
    refuse("interleaved targets need one run: leave --sweep and --find-rate out");
  }
  if (options.requests) {
    refuse("interleaved targets need a --duration: leave --requests out");
  }
  if (!options.server_pids.empty() && options.server_pids.size() != options.targets.size()) {
    refuse(fmt::format("{} --server-pid for {} targets: give one for each, in their order, or none",
                       options.server_pids.size(), options.targets.size()));
  }
  const Nanoseconds duration = options.duration.value_or(kDefaultDuration);
  const Nanoseconds slice = choose_slice(options, duration);
  const auto blocks = duration / (slice * 2 * static_cast<int>(options.targets.size()));
  if (slice < kShortest || blocks < 1) {
    refuse("--interleave is out of range: give 2ms or more, and a --duration that drives every target several times");
  }
}

}  // namespace

std::vector<LoadPlan> make_slice_plans(const LoadOptions& options,
                                       const std::function<LoadPlan(const LoadOptions&)>& prepare) {
  check_targets(options);
  std::vector<LoadPlan> plans;
  for (std::size_t i = 0; i < options.targets.size(); ++i) {
    LoadOptions one = options;
    one.target = options.targets[i];
    one.server_pids.clear();
    if (!options.server_pids.empty()) {
      one.server_pids.push_back(options.server_pids[i]);
    }
    LoadPlan& plan = plans.emplace_back(prepare(one));
    if (!has_event_loops(plan.driver)) {
      refuse("interleaved targets need event loops: choose another --driver than threads");
    }
    if (plan.connect_on_demand) {
      refuse(fmt::format("interleaved targets need connections that stay open, which {} does not have",
                         plan.protocol_name));
    }
    const Nanoseconds length = choose_slice(options, options.duration.value_or(kDefaultDuration));
    plan.slices = SlicePlan{.length = length,
                            .cut = choose_cut(length),
                            .targets = static_cast<unsigned>(options.targets.size()),
                            .own = static_cast<unsigned>(i),
                            .seed = plan.seed};
  }
  return plans;
}

}  // namespace fanin::load
