#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/claims/check.h"
#include "harness/claims/claims_run.h"
#include "harness/claims/unit_record.h"
#include "harness/rounds/round.h"
#include "harness/rounds/run_directory.h"

namespace fanin::harness {

// Measures the claims of a run. Refers to all that it is given. One thread.
class ClaimsSession {
 public:
  // `log` takes each unit when it is finished; `recovered`: the units of an interrupted run, by case.
  ClaimsSession(const RoundContext& context, std::vector<int> allowed, ClaimChecker& checker, ClaimsRun& run,
                RoundsLog& log, std::map<std::string, std::vector<UnitRecord>> recovered);

  // Takes every case to its first look, then gives the undecided ones further units in turn while the budget lasts,
  // then searches for flips. Throws Interrupted; std::system_error if the harness or the log lacks a resource.
  void measure();

 private:
  void prepare(CaseRun& run);
  void take_first_looks(net::TimePoint end);
  void measure_rounds(net::TimePoint end, CaseGoal goal);
  void search_flips(net::TimePoint end);
  void search(FlipRun& flip, std::uint64_t seed, net::TimePoint end);
  void measure_unit(CaseRun& run, std::uint64_t seed);
  void show(const CaseRun& run) const;
  static bool fits(const CaseRun& run, net::TimePoint end);

  const RoundContext& context_;
  std::vector<int> allowed_;
  ClaimChecker& checker_;
  ClaimsRun& run_;
  RoundsLog& log_;
  std::map<std::string, std::vector<UnitRecord>> recovered_;
  net::TimePoint begun_;
  double spent_seconds_ = 0;  // of the units of an interrupted run
};

}  // namespace fanin::harness
