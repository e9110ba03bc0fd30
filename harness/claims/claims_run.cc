#include "harness/claims/claims_run.h"

#include <algorithm>
#include <cmath>

namespace fanin::harness {
namespace {

// That an interval misses its value at any look, on either side; a verdict errs on one of them.
constexpr double kErrorRate = 0.1;
constexpr std::size_t kFewestUnits = 11;  // of a case: looks at 6, 8 and 11
constexpr std::size_t kMostUnits = 40;

}  // namespace

net::Nanoseconds expect_unit_time(const ClaimCase& of_case) {
  constexpr net::Nanoseconds kStart = std::chrono::milliseconds(300);  // of the programs of a unit
  constexpr net::Nanoseconds kConnect = std::chrono::microseconds(60);
  if (of_case.calls) {
    return 2 * of_case.window + kStart;
  }
  net::Nanoseconds time = kStart;
  for (const ClaimSide* side : {of_case.base ? &*of_case.base : nullptr, &of_case.now}) {
    if (side != nullptr) {
      const int arms = side == &of_case.now ? 1 : 2;  // base and its copy
      time += arms * (of_case.window + of_case.warmup + kConnect * side->workload->all_connections());
    }
  }
  return time;
}

statistics::SequentialPlan plan_claim_looks(net::Nanoseconds budget, const std::vector<const ClaimCase*>& cases) {
  net::Nanoseconds of_all{};
  for (const ClaimCase* each : cases) {
    of_all += expect_unit_time(*each);
  }
  const auto affordable = static_cast<std::size_t>(budget / std::max(of_all, net::Nanoseconds(1)));
  return statistics::plan_looks(std::clamp(affordable, kFewestUnits, kMostUnits), kErrorRate);
}

net::Nanoseconds expect_first_looks(const statistics::SequentialPlan& plan,
                                    const std::vector<const ClaimCase*>& cases) {
  const auto units = static_cast<std::int64_t>(plan.looks.front());
  net::Nanoseconds time{};
  for (const ClaimCase* each : cases) {
    time += units * expect_unit_time(*each);
  }
  return time;
}

net::Nanoseconds expect_next_unit(const CaseRun& run) {
  constexpr std::size_t kEnough = 2;  // the first unit builds servers, or finds out how they can be measured
  const std::vector<UnitRecord>& units = run.units();
  if (units.size() < kEnough) {
    return expect_unit_time(run.spec());
  }
  const auto quickest = std::min_element(
      units.begin(), units.end(), [](const auto& one, const auto& other) { return one.seconds < other.seconds; });
  return net::Nanoseconds(std::llround(quickest->seconds * 1e9));
}

net::Nanoseconds expect_rest(const statistics::SequentialPlan& plan, const CaseRun& run) {
  const std::size_t first_look = plan.looks.front();
  const std::size_t units = run.units().size();
  if (run.is_excluded() || run.looked() || units >= first_look) {
    return {};
  }
  return expect_next_unit(run) * (first_look - units);
}

std::vector<NamedVerdict> ClaimRun::case_verdicts(std::size_t test) const {
  std::vector<NamedVerdict> verdicts;
  for (const CaseRun& run : tests[test]) {
    const CaseResult result = run.result();
    verdicts.push_back({run.spec().name, result.verdict, result.reason});
  }
  return verdicts;
}

std::vector<NamedVerdict> ClaimRun::test_verdicts() const {
  std::vector<NamedVerdict> verdicts;
  for (std::size_t test = 0; test < tests.size(); ++test) {
    const std::vector<NamedVerdict> cases = case_verdicts(test);
    const ClaimVerdict verdict = combine(cases);
    const std::string reason = cases.size() == 1 ? cases.front().reason : explain(cases, "case");
    verdicts.push_back({claim->tests[test].name, verdict, reason});
  }
  return verdicts;
}

ClaimVerdict ClaimRun::verdict() const {
  std::vector<NamedVerdict> all;
  for (std::size_t test = 0; test < tests.size(); ++test) {
    const std::vector<NamedVerdict> cases = case_verdicts(test);
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return combine(all);
}

void ClaimsRun::begin() {
  for (const Claim& claim : claims) {
    ClaimRun& run = runs.emplace_back(ClaimRun{&claim});
    for (const ClaimTest& test : claim.tests) {
      std::vector<CaseRun>& cases = run.tests.emplace_back();
      for (const ClaimCase& each : test.cases) {
        cases.emplace_back(each, plan);
      }
    }
    for (const ClaimFlip& flip : claim.flips) {
      run.flips.push_back({&flip, FlipSearch(flip.from, flip.to, flip.precision, flip.whole)});
    }
  }
}

std::vector<CaseRun*> ClaimsRun::list_cases() {
  std::vector<CaseRun*> all;
  for (ClaimRun& run : runs) {
    for (std::vector<CaseRun>& test : run.tests) {
      for (CaseRun& each : test) {
        all.push_back(&each);
      }
    }
  }
  return all;
}

std::vector<std::size_t> ClaimsRun::list_open(CaseGoal goal) {
  const std::vector<CaseRun*> cases = list_cases();
  std::vector<std::size_t> open;
  for (std::size_t index = 0; index < cases.size(); ++index) {
    const bool reached = goal == CaseGoal::kFirstLook ? cases[index]->looked() : cases[index]->finished();
    if (!reached) {
      open.push_back(index);
    }
  }
  return open;
}

os::ExitCode ClaimsRun::exit_code() const {
  const auto has = [this](ClaimVerdict verdict) {
    return std::any_of(runs.begin(), runs.end(), [verdict](const ClaimRun& run) { return run.verdict() == verdict; });
  };
  return has(ClaimVerdict::kInvalid)     ? os::ExitCode::kFailed
         : has(ClaimVerdict::kUndecided) ? os::ExitCode::kUndecided
                                         : os::ExitCode::kPassed;
}

}  // namespace fanin::harness
