#pragma once

#include <string>

namespace fanin {

struct ClientProtocolOptions;

// The request that the options of http describe, as it goes over the wire. Throws std::invalid_argument naming the
// option that would break the request's form, or that contradicts another.
std::string make_http_request(const ClientProtocolOptions& options);

// Whether one of the headers is a Connection field with the option close: then the request is the last one of its
// connection (RFC 9112, 9.6).
bool asks_to_close(const ClientProtocolOptions& options);

}  // namespace fanin
