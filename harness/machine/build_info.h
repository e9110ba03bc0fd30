#pragma once

#include "harness/suite/json_reader.h"

namespace fanin {

// How this binary was built: version, compiler, flags, build type, libraries, git commit and whether the tree had
// changes. Keys that could not be found out at build time are null.
Json build_info();

}  // namespace fanin
