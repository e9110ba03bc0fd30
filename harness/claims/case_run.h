#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/ab/ab.h"
#include "harness/claims/claim.h"
#include "harness/claims/claim_verdict.h"
#include "harness/claims/unit_record.h"
#include "statistics/sequential.h"

namespace fanin::harness {

// What a case has shown so far. A value.
struct CaseResult {
  ClaimVerdict verdict = ClaimVerdict::kUndecided;
  std::string reason;  // may be empty
  std::optional<double> base;
  std::optional<double> now;
  std::optional<RatioEstimate> ratio;      // of a comparison
  std::optional<statistics::Shift> value;  // of a test of a value
  std::optional<double> smallest_effect;   // distance from the threshold, as a share of it
  std::optional<RatioEstimate> control;
  std::size_t units = 0;  // that the verdict rests on
};

// One case from its first unit to its verdict. No I/O; one thread. Refers to its case, which must outlive it.
class CaseRun {
 public:
  CaseRun(const ClaimCase& of_case, const statistics::SequentialPlan& plan);

  const ClaimCase& spec() const noexcept { return *case_; }
  const std::vector<UnitRecord>& units() const noexcept { return units_; }

  // The machine lacks something that the case needs.
  void exclude(const std::string& reason) { unsupported_ = reason; }
  bool is_excluded() const noexcept { return !unsupported_.empty(); }
  void set_interleaved(bool interleaved) noexcept { interleaved_ = interleaved; }
  bool interleaved() const noexcept { return interleaved_; }

  // Base, new and control, or new alone.
  std::size_t arms() const noexcept { return case_->base ? 3 : 1; }
  // The units of a case come in their order. `unit` has as many arms as the case.
  void add(UnitRecord unit);
  // Whether no further unit is of use: it is decided, excluded, fails again and again, or has as many units as were
  // planned.
  bool finished() const;
  // Whether it has had its first look, or its first units show that it does not work now. It gets further units later.
  bool looked() const;

  CaseResult result() const;
  const MetricTrack& track() const noexcept { return track_; }
  // The median of a metric over the units of one arm (0 base, or new if there is no base); nothing without a value.
  std::optional<double> median(std::size_t arm, const std::string& metric) const;
  std::size_t new_arm() const noexcept { return case_->base ? 1 : 0; }

 private:
  bool counts(const ArmRecord& arm) const;
  std::optional<double> find_value(const ArmRecord& arm) const;
  std::optional<CaseResult> find_fault() const;
  void judge(CaseResult& result) const;

  const ClaimCase* case_;
  statistics::SequentialPlan plan_;
  MetricTrack track_;
  std::vector<UnitRecord> units_;
  std::string unsupported_;
  bool interleaved_ = false;
};

}  // namespace fanin::harness
