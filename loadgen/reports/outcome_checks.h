#pragma once

#include "loadgen/reports/reasons.h"

namespace fanin::load {

// Checks the outcomes of requests, and whether there are enough for a rate, by the rules of docs/methodology.md. Pure.
void check_outcomes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_members(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_number(const LoadResult& result, Reasons& reasons);

}  // namespace fanin::load
