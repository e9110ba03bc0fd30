#pragma once

#include <string>
#include <string_view>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// A value for people: three significant digits and a prefix that fits ("152k/s", "6.21 us", "1.80 MB"), "-" for null.
// The units are those of a summary: 1/s, ns, bytes, 1.
std::string figure(const Json& value, std::string_view unit);

}  // namespace fanin::harness
