#include "harness/ab/unit.h"

#include <algorithm>
#include <utility>

#include "harness/analysis/notes.h"
#include "harness/rounds/monitor.h"
#include "harness/rounds/server_under_test.h"
#include "net/clock.h"

namespace fanin::harness {
namespace {

std::vector<Json> measure_placed(RoundContext context, const UnitArm& arm, const std::vector<UnitMember>& members,
                                 std::uint64_t seed) {
  if (arm.placement != nullptr) {
    context.placement = *arm.placement;
  }
  return run_unit(context, members, seed);
}

}  // namespace

UnitDesign choose_design(bool interleaved, bool is_first) {
  return !interleaved ? UnitDesign::kInTurn : is_first ? UnitDesign::kTryInterleaved : UnitDesign::kInterleaved;
}

MeasuredUnit measure_arms(const RoundContext& context, const std::vector<UnitArm>& arms, UnitDesign design,
                          std::uint64_t seed) {
  if (design != UnitDesign::kInTurn) {
    std::vector<UnitMember> members;
    members.reserve(arms.size());
    for (const UnitArm& arm : arms) {
      members.push_back(arm.member);
    }
    std::vector<Json> rounds = measure_placed(context, arms.front(), members, seed);
    if (design == UnitDesign::kInterleaved || std::none_of(rounds.begin(), rounds.end(), has_long_replies)) {
      return {std::move(rounds), true};
    }
  }
  std::vector<Json> rounds(arms.size());
  for (const std::size_t arm : block_order(seed, 0, arms.size())) {
    rounds[arm] =
        std::move(measure_placed(context, arms[arm], {arms[arm].member}, derive_round_seed(seed, 1, arm)).front());
  }
  return {std::move(rounds), false};
}

bool spins_while_idle(const RoundContext& context, const ServerSpec& spec, const std::string& program,
                      const Workload& workload) {
  constexpr net::Nanoseconds kWatch = std::chrono::milliseconds(200);
  constexpr double kShare = 0.2;
  ServerUnderTest server(spec, workload, prepare_start(context, spec, program));
  server.wait_ready(context.interrupt_fd);
  Monitor monitor(server.process().reaper());
  monitor.discover();
  const auto before = monitor.read_cpu_of_tree();
  const auto ended = [&] { return server.process().status().has_value(); };
  os::wait_until({&server.process()}, -1, context.interrupt_fd, net::now() + kWatch, ended);
  const auto after = monitor.read_cpu_of_tree();
  Json counters;
  server.stop_and_collect(counters);
  return before && after && net::to_seconds(after->total - before->total) > kShare * net::to_seconds(kWatch);
}

}  // namespace fanin::harness
