#pragma once

#include <vector>

#include "loadgen/plan/options.h"

namespace fanin::load {

// Tries the addresses in order and returns the first that accepts a connection within a second, else the first. A
// single address is not tried.
const net::Address& first_accepting(const std::vector<net::Address>& addresses);

// Resolves the names of all targets, once for all runs of a command, and stores the addresses to use. Throws
// std::invalid_argument for a name without an address, and for a name with an address outside this machine unless the
// options allow it.
void resolve_targets(LoadOptions& options);

}  // namespace fanin::load
