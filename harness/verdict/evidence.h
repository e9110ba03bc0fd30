#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/verdict/verdict.h"

namespace fanin::harness {

// The false discovery rate of a comparison of stored runs.
inline constexpr double kFalseDiscoveryRate = 0.05;

// One metric of a cell in the runs of two sides: the logarithms of its values, by run. No run is empty.
struct Evidence {
  std::vector<std::vector<double>> base;
  std::vector<std::vector<double>> now;
};

// What the values of a comparison are independent samples of.
enum class Unit {
  kRun,    // there are enough runs a side for an interval over them
  kRound,  // there are not: rounds show the noise within a run, and the drift between runs is allowed for
};

// Whether so many runs a side are enough for an interval over runs.
Unit choose_unit(std::size_t base_runs, std::size_t new_runs);

// A verdict before the correction for the number of comparisons.
struct TestedMetric {
  MetricVerdict verdict;
  double p = 1;      // of the hypothesis that nothing changed
  double drift = 0;  // that its interval allows for
};

// Judges `named`, a verdict with its cell, metric and band. `drift` is the standard deviation of the evidence between
// runs of the same commit, which the rounds of a run do not show. Neither side may be empty.
TestedMetric test_evidence(MetricVerdict named, const Evidence& evidence, Unit unit, double drift);

// Verdicts of better and worse stand if Benjamini and Hochberg's procedure rejects their hypotheses among all.
std::vector<MetricVerdict> correct_for_number(std::vector<TestedMetric> tested);

// One sentence for the receipt, with the drift that the intervals allow for. `drift_source`: see DriftTable::source().
std::string describe_method(Unit unit, const std::vector<TestedMetric>& tested, const std::string& drift_source);
// What is known of the procedure's false alarms, also for the receipt. `fanin selftest` holds sessions of `fanin ab`.
std::string describe_false_discoveries(Unit unit);

}  // namespace fanin::harness
