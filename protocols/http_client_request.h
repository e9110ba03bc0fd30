#pragma once

#include <string>

#include "protocols/registry.h"

namespace fanin {

// The request that the options of http describe, as it goes over the wire. Throws std::invalid_argument naming the
// option that would break the request's form, or that contradicts another.
std::string make_http_request(const ClientProtocolOptions& options);

}  // namespace fanin
