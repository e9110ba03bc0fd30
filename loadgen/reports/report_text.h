#pragma once

#include <string>

#include "loadgen/reports/result.h"
#include "loadgen/reports/verdict.h"

namespace fanin::load {

// What is run, in one line.
std::string headline(const LoadPlan& plan);

// The result for people: aligned, units that fit, at most 100 columns, ending in a newline.
std::string result_text(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict);

// The percentile in the unit that fits, "never" where it falls among requests without a reply, "-" for too few samples.
std::string percentile_text(const Histogram& histogram, unsigned per_10000);

}  // namespace fanin::load
