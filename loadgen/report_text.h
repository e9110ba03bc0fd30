#pragma once

#include <string>

#include "loadgen/result.h"
#include "loadgen/verdict.h"

namespace fanin {

// The result for people: aligned, units that fit, at most 100 columns, ending in a newline.
std::string result_text(const LoadPlan& plan, const LoadResult& result, const Verdict& verdict);

}  // namespace fanin
