#pragma once

#include "loadgen/reports/reasons.h"

namespace fanin::load {

// Checks that connections came up, were served and closed as asked, and received no unsolicited bytes, by the rules of
// docs/methodology.md. Pure.
void check_connections(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_closes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_unsolicited(const LoadResult& result, Reasons& reasons);

}  // namespace fanin::load
