#pragma once

#include "loadgen/reports/reasons.h"

namespace fanin::load {

// What became of the requests, and whether there are enough for a rate. By the rules of docs/methodology.md; pure.
void check_outcomes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_members(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_number(const LoadResult& result, Reasons& reasons);

}  // namespace fanin::load
