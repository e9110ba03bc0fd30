#pragma once

#include <string>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// CPU and kernel of a fingerprint: "AMD EPYC, Linux 6.18".
std::string machine_text(const Json& environment);

// "0 of 312 A/A comparisons of fanin selftest (at most 0.96 % at 95 %), on CPU, KERNEL", from `path`, a result of
// `fanin selftest`. `environment` is that of this machine: another CPU or kernel is named. Without a file or a session
// it says how to get one.
std::string describe_false_alarms(const std::string& path, const Json& environment);

}  // namespace fanin::harness
