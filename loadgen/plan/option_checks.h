#pragma once

#include <cstdint>
#include <string>

#include "net/clock.h"

namespace fanin::load {

// What every part of a plan is checked with. Each throws std::invalid_argument with one line that says what is wrong
// and what to do.
[[noreturn]] void refuse(const std::string& text);
std::int64_t in_range(const char* option, std::int64_t value, std::int64_t low, std::int64_t high);
Nanoseconds positive(const char* option, Nanoseconds value);  // above 0

}  // namespace fanin::load
