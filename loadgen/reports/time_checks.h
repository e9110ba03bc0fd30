#pragma once

#include "loadgen/reports/reasons.h"

namespace fanin::load {

// Checks how the time of the window was spent, by the rules of docs/methodology.md. Pure.
void check_length(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_downtime(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_unanswered(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_silence(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons);
void check_littles_law(const LoadPlan& plan, const LoadResult& result, Verdict& verdict, Reasons& reasons);

}  // namespace fanin::load
