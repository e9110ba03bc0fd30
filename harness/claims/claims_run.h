#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "harness/claims/call_costs.h"
#include "harness/claims/case_run.h"
#include "harness/claims/claim.h"
#include "harness/claims/flip_search.h"
#include "statistics/sequential.h"

namespace fanin::harness {

// A search with the cases that it has made so far.
struct FlipRun {
  const ClaimFlip* spec;
  FlipSearch search;
  std::deque<ClaimCase> cases = {};
  std::deque<CaseRun> runs = {};
};

// One claim while it is measured. Refers to the claim.
struct ClaimRun {
  const Claim* claim;
  std::vector<std::vector<CaseRun>> tests = {};  // the cases of each
  std::vector<FlipRun> flips = {};

  std::vector<NamedVerdict> case_verdicts(std::size_t test) const;
  std::vector<NamedVerdict> test_verdicts() const;
  // Of all cases, whatever their tests: a test that has a refuted and an undecided case can never be confirmed.
  ClaimVerdict verdict() const;
};

// What further units of a case are for.
enum class CaseGoal { kFirstLook, kVerdict };

// All that `fanin claims` has found. One thread.
struct ClaimsRun {
  std::string id;
  std::string started_at;
  Json finished_at;
  bool complete = false;
  std::uint64_t seed = 0;
  net::Nanoseconds budget{};
  statistics::SequentialPlan plan;       // of cases
  statistics::SequentialPlan flip_plan;  // of the points of searches
  Json environment_start;
  Json environment_end;
  std::string false_alarms;  // measured by fanin selftest
  CallCosts costs;
  std::deque<Claim> claims;
  std::vector<ClaimRun> runs;

  void begin();  // makes the runs of the claims
  std::vector<CaseRun*> list_cases();
  // Places in list_cases() of the cases that have not reached the goal and can.
  std::vector<std::size_t> list_open(CaseGoal goal);
  os::ExitCode exit_code() const;
  // As results/schema/claims.schema.json has it.
  Json to_json() const;
};

// Looks so that all cases together can have as many units as the budget allows, within bounds.
statistics::SequentialPlan plan_claim_looks(net::Nanoseconds budget, const std::vector<const ClaimCase*>& cases);
// Of one unit, an estimate.
net::Nanoseconds expect_unit_time(const ClaimCase& of_case);
// Of the units of the first look of each case, an estimate.
net::Nanoseconds expect_first_looks(const statistics::SequentialPlan& plan, const std::vector<const ClaimCase*>& cases);
// Of the next unit of a case: that of the quickest of its units, once it has two.
net::Nanoseconds expect_next_unit(const CaseRun& run);
// Of the units that a case lacks for its first look, by expect_next_unit(). 0 if it lacks none.
net::Nanoseconds expect_rest(const statistics::SequentialPlan& plan, const CaseRun& run);

// The wall, a line for each claim, and the tests of each.
std::string describe_claims(const ClaimsRun& run);
// What --list prints.
std::string list_claims(const std::deque<Claim>& claims);
// "2.86 [2.71, 3.02]", of a value with its unit; "-" without one.
std::string format_case_figure(const ClaimCase& of_case, const CaseResult& result);
std::string format_threshold(const ClaimCase& of_case);

}  // namespace fanin::harness
