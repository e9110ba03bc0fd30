#pragma once

#include "loadgen/plan/options.h"

namespace fanin {

// The same options with a target of the form http://HOST:PORT/PATH taken apart into HOST:PORT, protocol http, --path
// and
// --host; all others come back as they are. Throws std::invalid_argument where another option contradicts the URL.
LoadOptions without_url(LoadOptions options);

}  // namespace fanin
