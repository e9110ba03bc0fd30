#pragma once

#include <string>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// The classes of requests of a workload's "mix": each an object with a "weight", if wanted a "name", and keys of the
// workload that say how its requests differ. Throws std::invalid_argument with the place of what is wrong.
void check_mix(const JsonReader& mix);

// A checked class as the option --mix takes it: "1 name=heavy payload-bytes=65536".
std::string mix_class_text(const Json& of_class);

}  // namespace fanin::harness
