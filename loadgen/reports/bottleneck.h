#pragma once

#include <string_view>

#include "loadgen/reports/verdict.h"

namespace fanin::load {

// Decides whether generator or server was at its limit, with the figures, by the rules of docs/methodology.md. Pure.
void find_bottleneck(const LoadPlan& plan, const LoadResult& result, Verdict& verdict);

std::string_view bottleneck_name(Bottleneck bottleneck) noexcept;

}  // namespace fanin::load
