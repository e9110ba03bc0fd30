#pragma once

#include <string_view>

#include "loadgen/reports/verdict.h"

namespace fanin::load {

// Who was at its limit, generator or server, with the figures that this rests on. By the rules of docs/methodology.md;
// pure.
void find_bottleneck(const LoadPlan& plan, const LoadResult& result, Verdict& verdict);

std::string_view bottleneck_name(Bottleneck bottleneck) noexcept;

}  // namespace fanin::load
