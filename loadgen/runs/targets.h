#pragma once

#include <vector>

#include "loadgen/plan/options.h"

namespace fanin::load {

// The first of the addresses that accepts a connection within a second, each tried in its order; the first of all where
// none does. A single one is not tried.
const Address& first_accepting(const std::vector<Address>& addresses);

// Resolves the names of all targets, once for all runs of a command, and notes the addresses to use. Throws
// std::invalid_argument for a name without an address, and for one of whose addresses any is not on this machine,
// unless the options allow it.
void resolve_targets(LoadOptions& options);

}  // namespace fanin::load
