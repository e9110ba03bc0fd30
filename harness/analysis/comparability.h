#pragma once

#include <string>
#include <vector>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// What differs between the environments of two runs and may explain a difference in results ("kernel.release: "6.1" ->
// "6.18""); what changes by itself (time, load averages, digests of programs) is left out.
std::vector<std::string> environment_differences(const Json& first, const Json& second);

}  // namespace fanin::harness
