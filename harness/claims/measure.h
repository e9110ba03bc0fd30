#pragma once

#include <cstdint>
#include <string>

#include "harness/ab/unit.h"
#include "harness/claims/claim.h"
#include "harness/claims/unit_record.h"
#include "harness/rounds/round.h"

namespace fanin::harness {

// CPUs of server and client, of those that the harness may use.
Placement choose_claim_placement(ClaimPlacement placement, const std::vector<int>& allowed);

// The cell that stands for a side's rounds: its workload with the window of the case.
Cell make_claim_cell(const ClaimCase& of_case, const ClaimSide& side);

// Measures one unit: fresh servers of base, new and base again, or new alone; or a fresh process of fanin-micro.
// `allowed`: the CPUs that the harness may use. Failures are in the record. Throws Interrupted, and std::system_error
// if the harness lacks a resource.
UnitRecord measure_claim_unit(const RoundContext& context, const std::vector<int>& allowed, const ClaimCase& of_case,
                              UnitDesign design, std::uint64_t seed);

// What a process of fanin-micro printed (--benchmark_format=json), or why there is nothing.
struct Benchmarks {
  Json output;
  std::string problem;  // empty: none
};

// Runs the benchmarks that match `filter` in random order, each `repetitions` times for `time`. Throws Interrupted.
Benchmarks run_benchmarks(const RoundContext& context, const std::vector<int>& cpus, const std::string& filter,
                          int repetitions, net::Nanoseconds time);

// The time of an iteration in ns, of an entry of its "benchmarks".
double read_benchmark_time(const Json& run);

// The two benchmarks of a case, as fanin-micro prints them (--benchmark_format=json): the repetitions of base count in
// turn for base and for the control. Pure.
std::vector<ArmRecord> read_benchmarks(const Json& output, const ClaimCase& of_case);

}  // namespace fanin::harness
