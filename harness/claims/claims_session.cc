#include "harness/claims/claims_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "harness/claims/measure.h"
#include "harness/rounds/console.h"
#include "harness/suite/plan.h"
#include "net/clock.h"
#include "os/format.h"
#include "os/program.h"

namespace fanin::harness {
namespace {

// What the search for flips gets at least of the budget.
constexpr double kShareOfFlips = 0.3;

net::Nanoseconds shorten(net::Nanoseconds duration, double factor) {
  return net::Nanoseconds(static_cast<std::int64_t>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

ClaimsSession::ClaimsSession(const RoundContext& context, std::vector<int> allowed, ClaimChecker& checker,
                             ClaimsRun& run, RoundsLog& log, std::map<std::string, std::vector<UnitRecord>> recovered)
    : context_(context),
      allowed_(std::move(allowed)),
      checker_(checker),
      run_(run),
      log_(log),
      recovered_(std::move(recovered)) {
  for (const auto& [unused, units] : recovered_) {
    for (const UnitRecord& unit : units) {
      spent_seconds_ += unit.seconds;
    }
  }
}

// A case that this machine cannot measure is excluded; units of an interrupted run are taken over.
void ClaimsSession::prepare(CaseRun& run) {
  const auto known = recovered_.find(run.spec().id);
  if (known != recovered_.end()) {
    for (UnitRecord& unit : known->second) {
      if (unit.arms.size() != run.arms()) {
        throw std::invalid_argument(
            fmt::format("units.jsonl: a unit of {} has {}, but the case has {}: start a new run",
                        os::printable(run.spec().id), os::plural(unit.arms.size(), "arm"), run.arms()));
      }
      run.add(std::move(unit));
    }
    recovered_.erase(known);
  }
  if (const std::string obstacle = checker_.find_obstacle(run.spec()); !obstacle.empty()) {
    run.exclude(obstacle);
  } else if (run.units().empty()) {
    run.set_interleaved(checker_.can_interleave(run.spec()));
  }
}

void ClaimsSession::measure_unit(CaseRun& run, std::uint64_t seed) {
  RoundContext context = context_;
  context.directory = std::filesystem::absolute(run.spec().file).parent_path().string();
  UnitRecord unit =
      measure_claim_unit(context, allowed_, run.spec(), choose_design(run.interleaved(), run.units().empty()),
                         derive_round_seed(run_.seed, static_cast<int>(run.units().size()), seed));
  unit.unit = run.units().size();
  log_.append({unit.to_json()});
  run.add(std::move(unit));
  show(run);
}

void ClaimsSession::show(const CaseRun& run) const {
  const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
  if (!is_terminal && !run.finished()) {
    return;
  }
  const CaseResult result = run.result();
  const std::string line =
      fmt::format("{:>4.0f} s  {}: {}", net::to_seconds(net::now() - begun_), os::printable(run.spec().id),
                  run.finished() ? claim_verdict_name(result.verdict) : "measuring");
  os::print_text(
      stderr, fmt::format("{}{}, {}, {}{}", is_terminal ? "\r\033[K" : "", line, format_case_figure(run.spec(), result),
                          os::plural(run.units().size(), "unit"), is_terminal && !run.finished() ? "" : "\n"));
}

// The units of a case are spread over the passes, so that a disturbance of some minutes hits few units of each case.
// When the time runs short, one case after the other gets its verdict instead, those first that need the least time.
void ClaimsSession::take_first_looks(net::TimePoint end) {
  const std::vector<CaseRun*> cases = run_.list_cases();
  for (CaseRun* each : cases) {
    prepare(*each);
  }
  for (std::size_t pass = 0; pass < run_.plan.looks.front(); ++pass) {
    std::vector<net::Nanoseconds> rests;
    for (const CaseRun* each : cases) {
      rests.push_back(expect_rest(run_.plan, *each));
    }
    const net::Nanoseconds needed = std::accumulate(rests.begin(), rests.end(), net::Nanoseconds(0));
    std::vector<std::size_t> order = block_order(run_.seed, static_cast<int>(pass), cases.size());
    const bool spread = needed <= end - net::now();
    if (!spread) {
      os::print_text(stderr,
                     fmt::format("The first looks take about {} more, and the budget ends before: some cases will stay "
                                 "undecided. Give a longer --budget, or fewer claims with --only.\n",
                                 Progress::format_estimate(needed)));
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t one, std::size_t other) { return rests[one] < rests[other]; });
    }
    for (const std::size_t index : order) {
      CaseRun& each = *cases[index];
      for (bool more = !each.looked(); more && fits(each, end); more = !spread && !each.looked()) {
        measure_unit(each, index);
      }
    }
    if (!spread) {
      break;
    }
  }
  // Some units have no value. Their cases come before those that have had their look, since they cannot have a verdict.
  measure_rounds(end, CaseGoal::kFirstLook);
}

// Whether there is time for another unit of the case.
bool ClaimsSession::fits(const CaseRun& run, net::TimePoint end) { return net::now() + expect_next_unit(run) <= end; }

// One unit of each case in turn, while there are cases that need one.
void ClaimsSession::measure_rounds(net::TimePoint end, CaseGoal goal) {
  const std::vector<CaseRun*> cases = run_.list_cases();
  bool goes_on = true;
  for (auto open = run_.list_open(goal); goes_on && !open.empty(); open = run_.list_open(goal)) {
    goes_on = false;
    for (const std::size_t index : open) {
      if (fits(*cases[index], end)) {
        measure_unit(*cases[index], index);
        goes_on = true;
      }
    }
  }
}

void ClaimsSession::search(FlipRun& flip, std::uint64_t seed, net::TimePoint end) {
  while (const auto value = flip.search.next()) {
    CaseRun& point = flip.runs.emplace_back(flip.cases.emplace_back(flip.spec->make_case(*value)), run_.flip_plan);
    prepare(point);
    while (!point.finished() && fits(point, end)) {
      measure_unit(point, seed + flip.runs.size());
    }
    if (!point.finished()) {
      return;
    }
    const CaseResult result = point.result();
    std::optional<RatioEstimate> ratio = result.ratio;
    if (result.value) {
      ratio = RatioEstimate{result.value->estimate, result.value->interval};
    }
    flip.search.add({*value, result.verdict, ratio, result.verdict == ClaimVerdict::kUndecided ? "" : result.reason});
  }
}

void ClaimsSession::search_flips(net::TimePoint end) {
  constexpr std::uint64_t kSeeds = 1'000'000;  // beyond those of cases
  std::uint64_t seed = kSeeds;
  for (ClaimRun& run : run_.runs) {
    for (FlipRun& flip : run.flips) {
      search(flip, seed, end);
      seed += 1000;
    }
  }
}

void ClaimsSession::measure() {
  begun_ = net::now();
  const bool has_flips =
      std::any_of(run_.runs.begin(), run_.runs.end(), [](const ClaimRun& run) { return !run.flips.empty(); });
  const net::TimePoint end = begun_ + run_.budget - net::Nanoseconds(static_cast<std::int64_t>(spent_seconds_ * 1e9));
  std::vector<const ClaimCase*> cases;
  for (const CaseRun* each : run_.list_cases()) {
    cases.push_back(&each->spec());
  }
  run_.costs = CallCosts::measure(context_, allowed_, cases);
  take_first_looks(end);
  measure_rounds(has_flips ? end - shorten(run_.budget, kShareOfFlips) : end, CaseGoal::kVerdict);
  search_flips(end);
  measure_rounds(end, CaseGoal::kVerdict);
}

}  // namespace fanin::harness
