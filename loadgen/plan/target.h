#pragma once

#include "loadgen/plan/options.h"

namespace fanin::load {

// The same options with a target of the form http://HOST:PORT/PATH taken apart into HOST:PORT, protocol http, --path
// and, unless a header names the Host, --host; all others come back as they are. Throws std::invalid_argument for a URL
// that is none or that asks for what is not there (TLS, a user's name), and where another option contradicts it.
LoadOptions without_url(LoadOptions options);

// Throws std::invalid_argument for an address on another machine.
void refuse_remote(const Address& address);

}  // namespace fanin::load
