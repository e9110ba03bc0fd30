#pragma once

#include "loadgen/reports/reasons.h"

namespace fanin::load {

// Whether connections came up, were served and closed as asked, and what came on them that nobody had asked for. By the
// rules of docs/methodology.md; pure.
void check_connections(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_closes(const LoadPlan& plan, const LoadResult& result, Reasons& reasons);
void check_unsolicited(const LoadResult& result, Reasons& reasons);

}  // namespace fanin::load
